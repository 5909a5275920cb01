"""The spike detector in front of the encoder."""
