"""Normalization in hardware."""

from collections.abc import Iterator, Mapping
from typing import Any

from rtl.shape.images import SHIFT_BITS, join
from rtl.shape.part import Entry, PartTap, PartUnit, Table, table_of
from rtl.shape.plan import SourcePart
from rtl.shape.stream import Stream
from rtl.stages.base import Site, lay_out
from rtl.units.normalizer import Normalizer, sample_layout
from spikecae.stages import Normalize

__all__ = ["NormalizePart"]

PLACE = "normalizer"
BITS = 8


@lay_out.register(Normalize)
class NormalizePart(SourcePart):
    """An offset, a gain and a shift for each sample, or for all, in a table."""

    def __init__(self, stage: Normalize, given: Stream | None, site: Site) -> None:
        self.name, self._stage, self._spec = stage.name, stage, site.spec
        self._points = site.at_points(stage)
        self._samples = site.feed.samples

    @property
    def entry(self) -> Entry:
        """Its input."""
        return Entry(PLACE, "i")

    def component(self) -> Any:
        """The unit."""
        return Normalizer(self._samples, self._stage.offset.size, self._stage.decimation)

    def tables(self) -> Mapping[str, Table]:
        """(offset, gain, shift) of each sample, or of all; the shift is the same for all."""
        points = [
            [
                join([(offset, 16), (gain, 16), (stage.shift, SHIFT_BITS)])
                for offset, gain in zip(stage.offset.tolist(), stage.gain.tolist(), strict=True)
            ]
            for stage in self._points
        ]
        return {"normalization": table_of(points, 32 + SHIFT_BITS, "table", read_once=False)}

    def units(self) -> Iterator[PartUnit]:
        """One multiplier, used for every sample."""
        yield PartUnit("normalizer", PLACE, multipliers=1, macs=self._spec.spikes * self._samples)

    def taps(self, following: Entry) -> Iterator[PartTap]:
        """Samples as they come, spike after spike, each with its place in the spike."""
        transfers = self._spec.spikes * self._samples
        more = sample_layout(self._samples).size
        yield PartTap(self.name, Entry(PLACE, "o"), 1, BITS, True, transfers, "channel_time", payload_width=more)
