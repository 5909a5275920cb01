"""From floats to the encoder spec: folding, exponents, fake quantization, code tables."""
