"""The network in floats: encoder, vector quantizer, decoder, and their layers."""
