"""From the fake-quantized model to the encoder spec: the same integers, without their scale."""

import torch

from quantize.code import Code
from quantize.fake_quant import FakeQuantEncoder
from quantize.stages.huffman import build_coder
from quantize.stages.normalize import build_source
from quantize.stages.vector_quantizer import build_quantizer
from spikecae.design import Design
from spikecae.spec import EncoderSpec

__all__ = ["build_spec"]


@torch.no_grad()
def build_spec(design: Design, encoder: FakeQuantEncoder, code: Code) -> EncoderSpec:
    """The encoder spec of a calibrated (and perhaps fine-tuned) model.

    Args:
        design: the chip.
        encoder: the model; its rate bias must be the one that ``code`` was fitted with.
        code: the Huffman tables.

    Raises:
        ValueError: the parts contradict each other or a shift is out of range.
    """
    transforms = [stage.build(encoder) for stage in encoder.folded.stages]
    ends = build_quantizer(encoder, code.table.tolist()), build_coder(code.lengths)
    stages = (build_source(encoder), *transforms, *ends)
    return EncoderSpec(design.name, design.block.spikes, design.block.samples, design.adc.bits, stages)
