"""Snippets of an NWB file to a ``.scae`` file."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from spikecae import __version__
from spikecae.codec.container import file_header
from spikecae.cores import threads_of
from spikecae.design import Adc
from spikecae.errors import InputError, about
from spikecae.exchange.spike_series import SpikeSeries, series_in
from spikecae.front_end.adc import MICROVOLTS, units_to_codes
from spikecae.front_end.recorded import Recorded
from spikecae.recordings.blocks import BlockFormer, Formed
from spikecae.recordings.chosen import choose_codec
from spikecae.recordings.compress import Compressed, write_compressed
from spikecae.recordings.finder import Found, step_for
from spikecae.recordings.peaks import noise_deviation
from spikecae.recordings.scale import Scale, check_step
from spikecae.recordings.source import RATE_TOLERANCE

if TYPE_CHECKING:
    from pynwb import NWBFile

__all__ = ["compress_nwb"]

AT_A_TIME = 4096
"""Events that are read together."""
UNSAID = 0.0


def compress_nwb(
    nwb: str | os.PathLike[str],
    codec: str | os.PathLike[str],
    path: str | os.PathLike[str],
    *,
    series: Sequence[str] | None = None,
    sampling_rate_hz: float | None = None,
    gain_uv: float | None = None,
    uv_per_step: float | None = None,
    n_jobs: int | None = None,
    progress: bool = True,
    overwrite: bool = False,
) -> Compressed:
    """Encode the snippets of an NWB file's ``SpikeEventSeries``, which were found and band-passed by another program.

    All spikes of a series are taken to be of the electrode where they are largest. Times count from the whole second
    before the first snippet.

    Args:
        nwb: the file.
        codec: a shipped design, or a folder. A codec for neighbourhoods of M channels takes snippets of M channels, one
            for queues those of one.
        path: a file that ends in ``.scae``, or a folder, which gets file and codec.
        series: their names; all where it is left out.
        sampling_rate_hz: of the snippets, which NWB does not say, unless spikecae wrote them.
        gain_uv: µV in a step of their numbers, in place of what the file says.
        uv_per_step: µV in a step of the converter, as in :func:`spikecae.recordings.compress.compress`.
        n_jobs: threads; all cores where it is left out.
        progress: whether to show a bar, on standard error.
        overwrite: whether another file may be replaced.

    Raises:
        FileNotFoundError: there is no such file.
        InputError: it is no NWB file, or its snippets and the codec do not go together: the message says what to do.
        OutputError: ``path`` holds something else, or cannot be written.
    """
    from pynwb import NWBHDF5IO

    source, jobs = Path(nwb), threads_of(n_jobs)
    if not source.is_file():
        raise FileNotFoundError(f"no NWB file {source}; check the path")
    try:
        opened = NWBHDF5IO(source, "r")
    except Exception as error:  # h5py and hdmf raise their own
        raise InputError(f"{source}: not a readable NWB file ({str(error).splitlines()[0][:200]})") from None
    with opened, about(source):
        snippets = _Snippets(opened.read(), source.name, codec, series, sampling_rate_hz, gain_uv, uv_per_step)
        return write_compressed(snippets, path, jobs, progress, overwrite)


class _Snippets:
    """What :func:`write_compressed` takes, of the series of an open file."""

    def __init__(
        self,
        nwbfile: "NWBFile",
        name: str,
        codec: str | os.PathLike[str],
        wanted: Sequence[str] | None,
        rate_hz: float | None,
        gain_uv: float | None,
        uv_per_step: float | None,
    ) -> None:
        self.codec = choose_codec(codec)
        design = self.codec.design
        self._series = series_in(nwbfile, wanted, design, gain_uv)
        self._rate = _rate(self._series, rate_hz, design.recording.sampling_rate_hz, design.name)
        self._rows = sorted({row for one in self._series for row in one.electrodes})
        self._channels = [self._rows.index(one.electrodes[one.main]) for one in self._series]
        self._neighbours = self._neighbourhoods()
        first = min(float(one.times_s.min()) for one in self._series)
        self._start = float(np.floor(first - design.block.samples / self._rate))
        heads = [one.read(np.arange(min(AT_A_TIME, len(one.times_s)))) for one in self._series]
        if uv_per_step is None and design.recording.unit in MICROVOLTS:
            uv_per_step = design.adc.lsb * MICROVOLTS[design.recording.unit]
        elif uv_per_step is None:
            squares = sum(float(np.square(head, dtype=np.float64).sum()) for head in heads)
            uv_per_step = step_for(self.codec, squares / sum(head.size for head in heads))
        check_step(uv_per_step)
        self._adc = Adc(bits=design.adc.bits, lsb=uv_per_step, signed=design.adc.signed)
        self.scale = Scale(self._adc, "uV")
        self.stored_bytes = sum(int(one.data.size * one.data.dtype.itemsize) for one in self._series)
        recorded = self._recorded(nwbfile, name, heads)
        self.header = file_header(self.codec.spec, self._adc, "uV", epoch=0, recording=recorded)

    def blocks(self, jobs: int, *, progress: bool) -> Iterator[Formed]:
        """All blocks, in order of time; a bar on standard error shows how far it is."""
        former = BlockFormer(self.codec.design.block)
        which = np.concatenate([np.full(len(one.times_s), number) for number, one in enumerate(self._series)])
        place = np.concatenate([np.arange(len(one.times_s)) for one in self._series])
        samples = np.concatenate([self._samples(one) for one in self._series])
        order = np.argsort(samples, kind="stable")
        parts = np.split(order, range(AT_A_TIME, len(order), AT_A_TIME))
        console = Console(stderr=True)
        hidden = not (progress and (console.is_terminal or console.is_jupyter))
        for part in track(parts, self.codec.spec.design, console=console, transient=True, disable=hidden):
            snippets = np.empty((len(part), len(self._series[0].electrodes), self.codec.spec.samples), np.float32)
            for number in np.unique(which[part]).tolist():
                (mine,) = np.nonzero(which[part] == number)
                mine = mine[np.argsort(place[part[mine]])]
                snippets[mine] = self._series[number].read(place[part[mine]])
            codes, clipped = units_to_codes(snippets, self._adc)
            channels = np.array(self._channels, np.int64)[which[part]]
            found = Found(snippets, codes, channels, samples[part], clipped)
            self.scale.add(found)
            yield former.take(found)
        yield from former.last()
        self.scale.check()

    def _samples(self, series: SpikeSeries) -> NDArray[np.int64]:
        return np.asarray(np.floor((series.times_s - self._start) * self._rate + 0.5), np.int64)

    def _neighbourhoods(self) -> tuple[tuple[int, ...], ...] | None:
        """Of each channel, those of the series that it is the main one of; of others, those of one that they are in."""
        if self.codec.design.block.kind == "queue":
            return None
        found: dict[int, tuple[int, ...]] = {}
        for one, channel in zip(self._series, self._channels, strict=True):
            own = tuple(self._rows.index(row) for row in one.electrodes)
            if found.setdefault(channel, own) != own:
                raise InputError(
                    f"SpikeEventSeries {one.name!r} and another have their largest spikes on electrode "
                    f"{one.electrodes[one.main]}, with other electrodes beside it; encode one at a time (--series)"
                )
        for own in list(found.values()):
            for channel in own:
                found.setdefault(channel, own)
        return tuple(found[channel] for channel in range(len(self._rows)))

    def _recorded(self, nwbfile: "NWBFile", name: str, heads: list[NDArray[np.float32]]) -> Recorded:
        wanted, table, told = self.codec.design.recording, nwbfile.electrodes, self._series[0].told

        def column(key: str) -> list[object] | None:
            return [table[key][row] for row in self._rows] if key in table.colnames else None

        names, x, y = column("channel_name"), column("rel_x"), column("rel_y")
        places = np.array([x, y], np.float64).T if x is not None and y is not None else None
        placed = places is not None and bool(np.isfinite(places).all())
        groups, noise = column("group_name"), column("noise_uv")
        low, high = told.get("band_hz", wanted.band_hz)
        last = max(int(self._samples(one).max()) for one in self._series)
        return Recorded(
            sampling_rate_hz=self._rate,
            segment_samples=(last + self.codec.spec.samples,),
            segment_starts_s=(self._start,),
            channel_ids=tuple(self._rows if names is None else (str(each) for each in names)),
            gains_uv=None,
            offsets_uv=None,
            contacts_um=tuple(map(tuple, places.tolist())) if placed and places is not None else None,
            groups=None if groups is None or len(set(groups)) == 1 else tuple(str(group) for group in groups),
            neighbours=self._neighbours,
            noise=tuple(map(float, self._noise(heads) if noise is None else np.array(noise, np.float64))),
            band_hz=(float(low), float(high)),
            threshold=float(told.get("threshold_deviations", UNSAID)),
            polarity=wanted.polarity,
            peak=wanted.peak,
            source=f"SpikeEventSeries of {name}: {', '.join(one.name for one in self._series)}"[:1000],
            made_by=f"spikecae {__version__}",
        )

    def _noise(self, heads: list[NDArray[np.float32]]) -> NDArray[np.float64]:
        """Of each electrode, from the samples in front of peaks."""
        before = max(1, self.codec.design.recording.peak // 2)
        found = np.zeros(len(self._rows))
        for one, head in zip(self._series, heads, strict=True):
            quiet = head[:, :, :before].transpose(0, 2, 1).reshape(-1, head.shape[1])
            found[[self._rows.index(row) for row in one.electrodes]] = noise_deviation(quiet).round(4)
        return found


def _rate(series: list[SpikeSeries], said: float | None, wanted: float, codec: str) -> float:
    told = series[0].told.get("sampling_rate_hz")
    rate = said if said is not None else told
    if rate is None:
        raise InputError(
            f"SpikeEventSeries {series[0].name!r}: NWB does not say at which rate its snippets were sampled; say it "
            f"(--sampling-rate, sampling_rate_hz=), codec {codec!r} was made for {wanted:g} Hz"
        )
    if not abs(rate / wanted - 1) <= RATE_TOLERANCE:
        raise InputError(
            f"the snippets are sampled at {rate:g} Hz, and codec {codec!r} was made for {wanted:g} Hz; take "
            f"another codec"
        )
    return float(rate)
