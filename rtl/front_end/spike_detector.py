"""The front end: raw multiplexed samples in, spikes out."""

from amaranth.hdl import DomainRenamer, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from rtl.front_end.band_pass_filter import BandPassFilter
from rtl.front_end.circular_buffer import CircularBuffer
from rtl.front_end.event_arbiter import EventArbiter
from rtl.front_end.event_list import event_layout
from rtl.front_end.noise_estimator import NoiseEstimator
from rtl.front_end.part_reader import PartReader
from rtl.front_end.peak_finder import PeakFinder
from rtl.front_end.sample_counter import SampleCounter
from rtl.front_end.snippet_reader import SnippetReader
from spikecae.front_end.front_end import FrontEnd

__all__ = ["SpikeDetector"]

PIPELINE = 4
"""Events between peak finder and queue, besides those that have a place in the arbiter."""


class SpikeDetector(wiring.Component):
    """Find the spikes of all channels and cut them out, behind a band-pass where the front end has one.

    Samples never wait. What waits is events, for ``o`` to be ready: ``front_end.queue`` of them, each until
    its samples are overwritten. Those lost are counted. They wait, and are fetched, in the domain ``reading``; noise
    estimates move, and channels come to have a state, in ``turning``. The clock of either may stop while nothing asks
    for it.

    Parameters
    ----------
    front_end: what to detect.

    Members
    -------
    i: In(stream of signed(16)): ADC codes, channel after channel, frame after frame from reset on. Always taken, one a
        cycle.
    o: Out(stream of {adc: signed(16), last: 1, more: 1, channel: 16, time: 32}): spikes, in the encoder's input format.
        The first sample of an event leaves 9 cycles (of a queue's, 7) after the input sample that decides on it
        (``front_end.earliest``), and 5 or more after its own last sample came; one more
        where the circular buffer is written then, and one with a filter.
    gain: In(8): threshold over the noise estimate, as for :class:`rtl.front_end.noise_estimator.NoiseEstimator`.
    overrun: Out(1): one cycle for each event lost.
    clock_request: Out(1): the next rising edge of ``reading`` is needed.
    turn_request: Out(1): the next rising edge of ``turning`` is needed.

    Cycles
    ------
    Latency: 9 cycles (of a queue's event, 7) from the sample that decides on it, and one more with a filter.
    Throughput: a sample a cycle at either end.
    """

    def __init__(self, front_end: FrontEnd) -> None:
        self._front_end = front_end
        self.counter = SampleCounter(front_end)
        self.noise = NoiseEstimator(front_end)
        self.peaks = PeakFinder(front_end)
        self.buffer = CircularBuffer(front_end)
        self.reader = PartReader(front_end) if front_end.in_parts else SnippetReader(front_end)
        super().__init__(
            {
                "i": self.counter.signature.members["i"],
                "o": self.reader.signature.members["o"],
                "gain": self.noise.signature.members["gain"],
                "overrun": Out(1),
                "clock_request": Out(1),
                "turn_request": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.counter = counter = self.counter
        m.submodules.noise = noise = self.noise
        m.submodules.peaks = peaks = self.peaks
        m.submodules.buffer = buffer = self.buffer
        reader = self.reader
        m.submodules.reader = DomainRenamer("reading")(reader)
        if self._front_end.band_pass:
            m.submodules.filter = band_pass = BandPassFilter(self._front_end)
            wiring.connect(m, wiring.flipped(self.i), band_pass.i)
            m.d.comb += [counter.i.valid.eq(band_pass.o.valid), counter.i.payload.eq(band_pass.o.payload)]
        else:
            wiring.connect(m, wiring.flipped(self.i), counter.i)
        wiring.connect(m, counter.coming, noise.coming)
        wiring.connect(m, counter.o, noise.i)
        wiring.connect(m, counter.coming, buffer.i)
        m.d.comb += [
            counter.wanted.eq(noise.wants | peaks.expects),
            self.turn_request.eq(noise.clock_request | peaks.clock_request),
        ]
        m.d.comb += [noise.gain.eq(self.gain), peaks.beyond.eq(noise.beyond), peaks.threshold.eq(noise.threshold)]
        m.d.comb += [peaks.i.valid.eq(counter.o.valid), peaks.i.payload.eq(counter.o.payload)]
        wiring.connect(m, reader.buffer, buffer.read)
        wiring.connect(m, reader.o, wiring.flipped(self.o))

        m.d.comb += [reader.now.eq(counter.now), reader.first.eq(counter.first)]
        found, no_place = Signal(), Signal()
        if isinstance(reader, PartReader):
            peak = peaks.o.payload
            m.d.comb += [
                reader.crossed.valid.eq(peaks.o.valid & peak.crossed),
                reader.crossed.payload.channel.eq(peak.channel),
                reader.crossed.payload.time.eq(peak.now),
                reader.peaked.valid.eq(peaks.o.valid & peak.found),
                reader.peaked.payload.channel.eq(peak.channel),
                reader.peaked.payload.delay.eq(peak.time - peak.now + self._front_end.search - 1),
                reader.begins.eq(counter.o.valid & counter.o.payload.begins),
                found.eq(reader.crossed.valid | reader.peaked.valid),
            ]
        else:
            event = Signal(event_layout(self._front_end))
            if self._front_end.neighbours:
                m.submodules.arbiter = arbiter = EventArbiter(self._front_end)
                wiring.connect(m, peaks.o, arbiter.i)
                m.d.comb += [event.eq(arbiter.o.payload), found.eq(arbiter.o.valid), no_place.eq(arbiter.lost)]
            else:
                m.d.comb += [
                    event.channel.eq(peaks.o.payload.channel),
                    event.time.eq(peaks.o.payload.time),
                    found.eq(peaks.o.valid & peaks.o.payload.found),
                ]
            m.d.comb += [reader.found.valid.eq(found), reader.found.payload.eq(event)]
        m.d.comb += self.clock_request.eq(found | reader.clock_request)
        # Of the events that are under way, and those found meanwhile (one a cycle), each is lost once at most.
        under_way = self._front_end.pending + self._front_end.queue + PIPELINE
        to_tell = Signal(range(under_way + 1))
        m.d.comb += self.overrun.eq(to_tell != 0)
        m.d.sync += to_tell.eq(to_tell + no_place + reader.lost - self.overrun)
        return m
