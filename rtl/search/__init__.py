"""The codeword search."""
