"""The encoder spec: what passes from the learning side to the hardware side, its hash, and its files."""

from spikecae.spec.encoder_spec import EncoderSpec, SpecError
from spikecae.spec.files import load_spec, save_spec

__all__ = ["EncoderSpec", "SpecError", "load_spec", "save_spec"]
