"""How large an encoder may be: what design files, specs and the generator agree on."""

__all__ = [
    "KERNELS",
    "LEAST_ADC_BITS",
    "MOST_ADC_BITS",
    "MOST_CHANNELS",
    "MOST_CLASSES",
    "MOST_CODEWORDS",
    "MOST_FEATURES",
    "MOST_PER_GROUP",
    "MOST_POINTS",
    "MOST_SAMPLES",
    "MOST_SPIKES",
]

MOST_SPIKES = 16
"""M, of a block."""
MOST_SAMPLES = 128
"""D, of a spike; of a feature and of a codeword too."""
LEAST_ADC_BITS, MOST_ADC_BITS = 6, 16
"""Width of a converter's code."""
MOST_CHANNELS = 1024
"""That a convolution takes or makes."""
MOST_PER_GROUP = 16
"""Channels of a group, where there are groups."""
KERNELS = (1, 3, 5)
"""Taps of a convolution."""
MOST_FEATURES = 128
"""N; codebooks and code tables are as many at most."""
MOST_CODEWORDS = 2048
"""K, of a codebook."""
MOST_CLASSES = 256
"""That are subtracted from latents before these become levels."""
MOST_POINTS = 4
"""Operating points of a chip."""
