"""Linear encoders in floats: a map, classes and levels, how they are fitted to spikes, and the file that keeps them."""
