"""A kind of stage that does not ship, from a folder of its own: a gain for every channel of the latents."""

from spikecae.discovery import import_modules

import_modules(__name__, __path__)
