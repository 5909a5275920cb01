"""Linear encoders in the chip's integers: the spec of a fitted one, its check against golden, and its figures."""
