"""Kinds of stages, one file each: their integers, and what makes them hold together. All files here are imported."""

from spikecae.discovery import import_modules
from spikecae.stages.base import GOLOMB, Coder, Quantizer, Source, Stage, Symbols, Transform, Values
from spikecae.stages.convolution import ACTIVATION_BITS, Convolution
from spikecae.stages.huffman import Huffman
from spikecae.stages.levels import Classes, LevelGroup, Levels
from spikecae.stages.linear import Linear
from spikecae.stages.normalize import Normalize
from spikecae.stages.pool import Pool
from spikecae.stages.project import Project
from spikecae.stages.residual import Residual
from spikecae.stages.vector_quantizer import Codebook, SubVector, VectorQuantizer

__all__ = [
    "ACTIVATION_BITS",
    "GOLOMB",
    "Classes",
    "Codebook",
    "Coder",
    "Convolution",
    "Huffman",
    "LevelGroup",
    "Levels",
    "Linear",
    "Normalize",
    "Pool",
    "Project",
    "Quantizer",
    "Residual",
    "Source",
    "Stage",
    "SubVector",
    "Symbols",
    "Transform",
    "Values",
    "VectorQuantizer",
]

import_modules(__name__, __path__)
