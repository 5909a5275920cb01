"""Kinds of stages between float layers and integers, one file each. All files here are imported."""

from spikecae.discovery import import_modules

import_modules(__name__, __path__)
