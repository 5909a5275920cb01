"""Kinds of encoders as stages ask for them, one file each: training, figures, decoder. All files here are imported."""

from model.families.base import FAMILIES, Family, OffChip
from spikecae.discovery import import_modules

__all__ = ["FAMILIES", "Family", "OffChip"]

import_modules(__name__, __path__)
