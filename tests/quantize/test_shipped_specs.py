from pathlib import Path

import numpy as np
import pytest

from model.checkpoint import load_checkpoint
from model.datasets import SpikeDataset
from model.linear.checkpoint import load_linear
from quantize.build import build_spec
from quantize.code import fit_code
from quantize.fold import fold
from quantize.stage import calibrated_encoder
from spikecae.design import Design, Linear, ResNeXt, load_design
from spikecae.spec import load_spec
from spikecae.stages import Levels
from spikecae.stages import Linear as LinearMap

DESIGNS = Path(__file__).parents[2] / "designs"
SHIPPED = sorted(path.parent.name for path in DESIGNS.glob("*/spec.json"))
KINDS = {name: type(load_design(DESIGNS / f"{name}.toml").encoder) for name in SHIPPED}


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind is ResNeXt])
def test_spec_is_of_the_design_and_of_the_weights_beside_it(name: str) -> None:
    design = load_design(DESIGNS / f"{name}.toml")
    spec = load_spec(DESIGNS / name)
    own = DESIGNS / name / "checkpoint.safetensors"  # of a fine-tuned spec
    checkpoint = load_checkpoint(own if own.is_file() else DESIGNS / name / "model.safetensors", design)
    widths = design.quantization
    largest, largest_latent = ((1 << (bits - 1)) - 1 for bits in (widths.weight_bits, widths.latent_bits))
    assert (spec.design, spec.adc_bits) == (name, design.adc.bits)
    assert (spec.spikes, spec.samples) == (design.block.spikes, design.block.samples)
    assert spec.quantizer.codebooks[0].words.shape == (design.codebook.codewords, design.latent_samples)
    convolutions = {stage.name: stage for stage in spec.stages if hasattr(stage, "weight")}
    convolutions |= {part.name: part for stage in spec.stages for part in getattr(stage, "convolutions", ())}
    for place in fold(checkpoint.model.encoder).places():
        stage = convolutions[place.name]
        step = 2.0 ** -stage.weight_exponent[:, None, None].astype(float)
        error = stage.weight * step - place.convolution.weight.detach().numpy()
        inside = np.abs(stage.weight.astype(int)) < largest
        assert (np.abs(error) <= 0.501 * step)[inside].all(), place.name
    words = spec.quantizer.codebooks[0].words * 2.0**-spec.quantizer.exponent
    codebook = checkpoint.model.quantizer.codebook.detach().numpy()
    assert (
        np.abs(words - codebook)[np.abs(words * 2.0**spec.quantizer.exponent) < largest_latent].max()
        <= 0.501 * 2.0**-spec.quantizer.exponent
    )


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind is Linear])
def test_spec_is_of_the_linear_design_and_of_the_weights_beside_it(name: str) -> None:
    design, spec = load_design(DESIGNS / f"{name}.toml"), load_spec(DESIGNS / name)
    assert (spec.design, spec.adc_bits) == (name, design.adc.bits)
    assert (spec.spikes, spec.samples) == (design.block.spikes, design.block.samples)
    mapped, levels = spec.only(LinearMap), spec.only(Levels)
    for file in ("model.safetensors", "checkpoint.safetensors"):
        model = load_linear(DESIGNS / name / file, design)
        step = 2.0 ** -mapped.weight_exponent[:, None].astype(float)
        assert (np.abs(mapped.weight[:, :, 0] * step - model.weight) <= 0.501 * step).all()
        for group, box in zip(levels.groups, model.groups, strict=True):
            np.testing.assert_array_equal(group.low, box.low)
            np.testing.assert_array_equal(group.size, box.size)
        assert levels.rounding == model.rounding * 2**levels.fraction
        words = [classes.words * 2.0**-levels.exponent for classes in levels.classes]
        assert all(np.abs(own - model.classes).max() <= 0.501 * 2.0**-levels.exponent for own in words)
        assert len(model.classes) == (design.codebook.codewords if words else 0)


def test_tiny_weights_and_embedded_spikes_give_the_shipped_spec(tiny: Design, tiny_spikes: SpikeDataset) -> None:
    checkpoint = load_checkpoint(DESIGNS / "tiny" / "model.safetensors", tiny)
    encoder = calibrated_encoder(tiny, checkpoint, tiny_spikes.train.adc)
    spec = build_spec(tiny, encoder, fit_code(encoder, tiny_spikes.train.adc, tiny.codebook.rate_weight))
    assert spec.hash == load_spec(DESIGNS / "tiny").hash
