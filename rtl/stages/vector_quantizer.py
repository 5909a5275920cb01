"""The codeword search in hardware."""

from collections.abc import Iterator, Mapping
from typing import Any

from rtl.search.vector_search import VectorSearch
from rtl.shape.images import Image, join
from rtl.shape.part import Entry, ParameterWidths, PartTap, PartUnit, Table
from rtl.shape.plan import QuantizerPart
from rtl.shape.search_plan import SearchPlan, plan_search, search_bias
from rtl.shape.stream import Stream
from rtl.shape.timing_parts import Clock, Search, Shadow
from rtl.shape.work import LayerWork, Work
from rtl.stages.base import Site, lay_out
from spikecae.stages import VectorQuantizer

__all__ = ["SearchPart", "codebook_words"]


def codebook_words(stage: VectorQuantizer, search: SearchPlan) -> list[int]:
    """Records (bias, codeword), pass after pass, each padded to whole words."""
    port_bits = 8 * search.port_bytes
    words = []
    for search_pass in search.passes:
        book = stage.codebooks[search_pass.codebook]
        for bias, word in zip(search_bias(book, search.products), book.words, strict=True):
            record = join([(bias, search.bias_bits), *((value, search.bits) for value in word)])
            words += [(record >> (i * port_bits)) & ((1 << port_bits) - 1) for i in range(search.record_words)]
    return words


@lay_out.register(VectorQuantizer)
class SearchPart(QuantizerPart):
    """A bank for the latents, and lanes that score sub-vectors against one codeword after the other."""

    work_on = "codeword search"
    output = None

    def __init__(self, stage: VectorQuantizer, given: Stream, site: Site) -> None:
        if given.order != "time_channel":
            raise ValueError(f"stage {stage.name}: a search takes latents, which a projection makes")
        self.name, self._stage, self._given = stage.name, stage, given
        self._place = f"pipeline.{stage.name}"
        spec, groups = site.spec, site.groups
        # The block writer takes the first index after the events, and one every two cycles, three where codes are long.
        writing = spec.spikes + 8 + 2 * len(stage.table)
        budget = (groups - 1 if groups > 1 else 1) * site.group_cycles - writing
        self.search = plan_search(stage, given.bits, site.hardware, budget)
        self.index_bits = self.search.index_bits
        self.macs = self.search.macs

    @property
    def entry(self) -> Entry:
        """The latents' bank's input."""
        return Entry(f"{self._place}.bank", "i")

    @property
    def multipliers(self) -> int:
        """Of all lanes."""
        return self.search.multipliers

    def component(self, widths: ParameterWidths) -> Any:
        """The unit."""
        given = self._given
        return VectorSearch(self.search, self._stage.table, given.channels, given.samples, given.elements)

    def timing(self, clock: Clock, shadows: list[list[Shadow]]) -> Search:
        """Pass after pass over the codewords."""
        return Search(clock, self.search, self._given.transfers)

    def tables(self) -> Mapping[str, Table]:
        """Records (bias, codeword), pass after pass, each padded to whole words."""
        words = codebook_words(self._stage, self.search)
        return {"codebook": Table(Image(words, 8 * self.search.port_bytes), "codebook", read_once=True)}

    def units(self) -> Iterator[PartUnit]:
        """Itself."""
        yield PartUnit(self.name, self._place, self.search.multipliers, self.search.macs)

    def taps(self, following: Entry) -> Iterator[PartTap]:
        """Indices, where they are coded."""
        yield PartTap(self.name, following, 1, self.index_bits, False, len(self._stage.table), "vector")

    def storage(self) -> Mapping[str, int]:
        """The bank."""
        return {"latents": self.search.bits * self._given.channels * self._given.samples}

    def work(self) -> Mapping[Work, float]:
        """Products of latents and codewords."""
        return {"search": self.search.macs * self.search.bits**2 / 64}

    def layers(self) -> Iterator[LayerWork]:
        """Itself, every record read once a block."""
        search = self.search
        words = sum(p.codewords for p in search.passes) * search.record_words
        yield LayerWork(self.name, search.macs, words * 8 * search.port_bytes)
