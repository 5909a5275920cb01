"""Kinds of stages in hardware, one file each. All files here are imported, and register themselves."""

from spikecae.discovery import import_modules

import_modules(__name__, __path__)
