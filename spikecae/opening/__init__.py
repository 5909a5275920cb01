"""Recordings in files: what SpikeInterface opens, with what a file does not say of itself."""
