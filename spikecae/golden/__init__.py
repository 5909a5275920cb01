"""The golden model: every kind of stage in exact integers, one file each. All files here are imported."""

from spikecae.discovery import import_modules
from spikecae.golden.model import EncodedBlocks, Golden, encode

__all__ = ["EncodedBlocks", "Golden", "encode"]

import_modules(__name__, __path__)
