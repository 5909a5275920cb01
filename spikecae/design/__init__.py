"""The design file: typed sections, and one validator for each rule."""

from spikecae.design.adc import Adc
from spikecae.design.block import Block, BlockKind, Normalization
from spikecae.design.codebook import Codebook, Quantization
from spikecae.design.design import Design
from spikecae.design.encoder import DEFAULT_ENCODER, ENCODERS, Encoder, register_encoder
from spikecae.design.hardware import FOLDS, WITHOUT_MACROS, Hardware
from spikecae.design.linear import Linear
from spikecae.design.load import DesignError, load_design
from spikecae.design.recording import Detector, Recording
from spikecae.design.resnext import ResNeXt
from spikecae.design.rules import Fault, rule, rules_of
from spikecae.design.section import Costs, Section, Unit, section_in
from spikecae.design.training import Synthetic, Training

__all__ = [
    "DEFAULT_ENCODER",
    "ENCODERS",
    "FOLDS",
    "WITHOUT_MACROS",
    "Adc",
    "Block",
    "BlockKind",
    "Codebook",
    "Costs",
    "Design",
    "DesignError",
    "Detector",
    "Encoder",
    "Fault",
    "Hardware",
    "Linear",
    "Normalization",
    "Quantization",
    "Recording",
    "ResNeXt",
    "Section",
    "Synthetic",
    "Training",
    "Unit",
    "load_design",
    "register_encoder",
    "rule",
    "rules_of",
    "section_in",
]
