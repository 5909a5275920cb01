"""Kinds of encoders as the quantize stage asks for them, one file each. All files here are imported."""

from quantize.families.base import QUANTIZED_FAMILIES, QuantizedFamily
from spikecae.discovery import import_modules

__all__ = ["QUANTIZED_FAMILIES", "QuantizedFamily"]

import_modules(__name__, __path__)
