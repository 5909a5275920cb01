"""The codeword search: latents, lanes, and the walk over codewords."""
