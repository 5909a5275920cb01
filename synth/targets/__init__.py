"""What to synthesize for: one file a process, everything peculiar to it, and the FPGAs. All files here are imported."""

from spikecae.discovery import import_modules

import_modules(__name__, __path__)
