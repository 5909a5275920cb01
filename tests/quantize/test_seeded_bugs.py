"""A bug that is put into the fake quantizer is named, at first sight, by the stage in which it lies."""

import pytest
from torch.nn import functional

from model.checkpoint import Checkpoint
from model.datasets import SpikeDataset
from quantize.compare import MismatchError, compare
from quantize.stages.pool import FoldedPool
from spikecae.design import Design
from tests.quantize.test_fake_quant import quantized


def test_a_mean_for_a_maximum(
    tiny: Design, loaded: Checkpoint, tiny_spikes: SpikeDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder, spec = quantized(tiny, loaded, tiny_spikes.train.adc)
    compare(spec, encoder, tiny_spikes.test.adc[:8])
    monkeypatch.setattr(FoldedPool, "run", lambda self, x, arithmetic: {self.name: functional.avg_pool1d(x, 2)})
    with pytest.raises(MismatchError, match="values of pool0; first in block 0"):
        compare(spec, encoder, tiny_spikes.test.adc[:8])
