"""Spikes that a chip in raw mode sent: the same as in NumPy's files, and what is said where something is missing."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from model.datasets import SpikeDataset, load_dataset
from spikecae.bitstream.events import Events
from spikecae.bitstream.payload import write_blocks, write_snippets
from spikecae.codec.container import ContainerWriter, FileHeader
from spikecae.design import Adc, Design
from spikecae.opening.description import Description
from tests.random_spec import random_spec

SPIKES = 300
EVERY = 40_000_000
"""Samples between events, so that 32 bits wrap."""
HASH = "c0de" + 60 * "0"
TAG = 0xC0DE


@pytest.fixture(scope="module")
def queue(tiny: Design) -> Design:
    return tiny.model_copy(update={"block": tiny.block.model_copy(update={"kind": "queue"})})


@pytest.fixture(scope="module")
def codes() -> NDArray[np.int16]:
    """``[n, 2, 16]``, of which each second one is no multiple of anything in the first."""
    rng = np.random.default_rng(1)
    shape = np.exp(-0.5 * ((np.arange(16) - 6) / 2.5) ** 2)
    return np.rint(-90 * rng.uniform(0.5, 1.5, (SPIKES, 2, 1)) * shape + rng.normal(0, 4, (SPIKES, 2, 16))).astype(
        np.int16
    )


def times_of(count: int) -> NDArray[np.int64]:
    return 5 + EVERY * np.arange(count)


def packets_of(codes: NDArray[np.int16], *, timed: bool = True, per_packet: int = 7) -> list[bytes]:
    """Event after event, each snippet with the channel of the peak and the event's time."""
    events, width, samples = codes.shape
    said = None
    if timed:
        said = Events(np.repeat(np.arange(events) % 3, width), np.repeat(times_of(events), width))
    return write_snippets(TAG, codes.reshape(-1, samples), snippets_per_packet=per_packet, events=said)


def header(of: Design, **keys: object) -> FileHeader:
    known = {"design": of.name, "spec_hash": HASH, "spikes": of.block.spikes, "samples": of.block.samples}
    return FileHeader.model_validate(known | {"adc": of.adc, "unit": of.recording.unit, "epoch": 0} | keys)


def scae(path: Path, packets: list[bytes], head: FileHeader) -> Path:
    with open(path, "wb") as file:
        container = ContainerWriter(file, head)
        container.write(b"".join(packets))
        container.close()
    return path


def stream(path: Path, packets: list[bytes]) -> Path:
    path.write_bytes(b"".join(packets))
    return path


def from_arrays(design: Design, path: Path, codes: NDArray[np.int16]) -> SpikeDataset:
    events, width, _ = codes.shape
    times = times_of(events)
    blocks = codes if design.block.kind == "neighbourhood" else codes.reshape(-1, 1, codes.shape[-1])[:, 0]
    repeat = 1 if design.block.kind == "neighbourhood" else width
    np.savez(path, snippets=blocks, channels=np.repeat(np.arange(events) % 3, repeat), times=np.repeat(times, repeat))
    return load_dataset(design, path)


@pytest.mark.parametrize("kind", ["queue", "neighbourhood"])
def test_they_are_the_spikes_that_arrays_hold(
    tiny: Design, queue: Design, codes: NDArray[np.int16], kind: str, tmp_path: Path
) -> None:
    design = queue if kind == "queue" else tiny
    wanted = from_arrays(design, tmp_path / "a.npz", codes)
    packets = packets_of(codes)
    for path in (scae(tmp_path / "a.scae", packets, header(design)), stream(tmp_path / "a.packets", packets)):
        found = load_dataset(design, path)
        assert found.sha256 == wanted.sha256
        for mine, its in ((found.train, wanted.train), (found.test, wanted.test)):
            np.testing.assert_array_equal(mine.times_s, its.times_s)
            np.testing.assert_array_equal(mine.channels, its.channels)
        assert (found.provenance, found.source, found.quality.notes) == ("unknown", path.name, [])


@pytest.mark.parametrize("kind", ["queue", "neighbourhood"])
def test_without_times_the_order_of_arrival_counts(
    tiny: Design, queue: Design, codes: NDArray[np.int16], kind: str, tmp_path: Path
) -> None:
    design = queue if kind == "queue" else tiny
    np.save(tmp_path / "a.npy", codes)
    path = stream(tmp_path / "a.packets", packets_of(codes, timed=False, per_packet=8))
    found = load_dataset(design, path)
    assert found.sha256 == load_dataset(design, tmp_path / "a.npy").sha256
    assert found.quality.notes == [
        "a.packets: snippets without channel and time are taken as of one channel, in the order that they came"
    ]


def test_neighbourhoods_without_times_must_be_whole_in_their_packets(
    tiny: Design, codes: NDArray[np.int16], tmp_path: Path
) -> None:
    path = stream(tmp_path / "a.packets", packets_of(codes, timed=False, per_packet=7))
    with pytest.raises(ValueError, match=r"a packet of 7 snippets without times, .*sidecar = 2.*multiple of 2"):
        load_dataset(tiny, path)


def test_lost_and_damaged_packets_take_no_other_with_them(
    tiny: Design, codes: NDArray[np.int16], tmp_path: Path
) -> None:
    """Packets of 7 snippets split every fourth event: what remains of an event without its packet is left out."""
    packets = packets_of(codes)
    damaged = bytearray(packets[20])
    damaged[40] ^= 1
    kept = [*packets[:5], packets[4], *packets[6:20], bytes(damaged), *packets[21:]]
    gone = {number // 2 for at in (5, 20) for number in range(7 * at, 7 * at + 7)}
    wanted = from_arrays(tiny, tmp_path / "a.npz", np.delete(codes, sorted(gone), axis=0))
    found = load_dataset(tiny, stream(tmp_path / "a.packets", kept))
    assert found.sha256 == wanted.sha256
    assert found.quality.notes == [
        "a.packets: 2 packets lost",
        "a.packets: 1 packet damaged, skipped",
        "a.packets: 1 packet repeated, taken once",
        f"a.packets: {len(packets[20])} of {sum(map(len, kept))} bytes in no whole packet, skipped",
        "a.packets: 2 snippets of incomplete neighbourhoods, left out",
    ]


def test_a_file_that_was_cut_short_says_so(tiny: Design, codes: NDArray[np.int16], tmp_path: Path) -> None:
    path = scae(tmp_path / "a.scae", packets_of(codes), header(tiny))
    path.write_bytes(path.read_bytes()[:-48])
    assert load_dataset(tiny, path).quality.notes == [
        "a.scae: its end is missing: it was cut short, or is not complete yet"
    ]


def test_coded_packets_are_not_looked_at_and_not_enough(tiny: Design, codes: NDArray[np.int16], tmp_path: Path) -> None:
    spec = random_spec(tiny, seed=0)
    coded = write_blocks(spec, np.zeros((3, len(spec.symbols)), np.int32), blocks_per_packet=1)
    with pytest.raises(
        ValueError, match="3 packets of coded blocks, and no un-encoded snippet; switch the chip to raw"
    ):
        load_dataset(tiny, scae(tmp_path / "coded.scae", coded, header(tiny)))
    found = load_dataset(tiny, scae(tmp_path / "both.scae", coded + packets_of(codes), header(tiny)))
    assert len(found.train) + len(found.validation) + len(found.test) == SPIKES
    assert "both.scae: 3 packets of coded blocks, not looked at" in found.quality.notes


@pytest.mark.parametrize("name", ["noise.packets", "text.scae"])
def test_what_holds_no_packet_is_refused(tiny: Design, name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(np.random.default_rng(0).bytes(5000))
    with pytest.raises(ValueError, match=rf"{name}: no (packet that is whole; give|\.scae file: it does not begin)"):
        load_dataset(tiny, tmp_path / name)


def test_snippets_of_another_design_are_refused(tiny: Design, codes: NDArray[np.int16], tmp_path: Path) -> None:
    packets = packets_of(codes[..., :12])
    for path in (
        scae(tmp_path / "a.scae", packets, header(tiny, samples=12)),
        scae(tmp_path / "b.scae", packets, header(tiny)),
        stream(tmp_path / "c.packets", packets),
    ):
        with pytest.raises(ValueError, match=f"{path.name}: snippets of 12 samples; design 'tiny' takes 16; name the"):
            load_dataset(tiny, path)
    path = scae(tmp_path / "d.scae", packets_of(codes), header(tiny, design="four", spikes=4))
    with pytest.raises(ValueError, match="of design 'four', with 4 spikes a block; design 'tiny' takes neighbour"):
        load_dataset(tiny, path)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"adc": {"bits": 11}}, "11 bits, signed, 2.34375 uV a step"),
        ({"adc": {"signed": False}}, "unsigned, 2.34375 uV a step"),
        ({"adc": {"lsb": 0.195}}, "0.195 uV a step"),
        ({"unit": "mV"}, "mV a step"),
        ({"unit": "furlong"}, "furlong a step"),
    ],
)
def test_codes_of_another_converter_are_refused(
    tiny: Design, codes: NDArray[np.int16], keys: dict[str, object], said: str, tmp_path: Path
) -> None:
    if "adc" in keys:
        keys = {"adc": Adc.model_validate(tiny.adc.model_dump() | dict(keys["adc"]))}  # type: ignore[call-overload]
    path = scae(tmp_path / "a.scae", packets_of(codes), header(tiny, **keys))
    with pytest.raises(ValueError, match=rf"codes of .*{said}; design 'tiny' is for .*; set adc and recording\.unit"):
        load_dataset(tiny, path)


def test_steps_in_another_unit_or_in_none_are_the_same(tiny: Design, codes: NDArray[np.int16], tmp_path: Path) -> None:
    adc = tiny.adc
    wanted = from_arrays(tiny, tmp_path / "a.npz", codes).sha256
    for lsb, unit in ((adc.lsb / 1000, "mV"), (1.0, "ADC step")):
        head = header(tiny, adc=Adc(bits=adc.bits, lsb=lsb, signed=adc.signed), unit=unit)
        assert load_dataset(tiny, scae(tmp_path / "a.scae", packets_of(codes), head)).sha256 == wanted


def test_too_few_say_how_many_are_needed(tiny: Design, queue: Design, codes: NDArray[np.int16], tmp_path: Path) -> None:
    path = scae(tmp_path / "few.scae", packets_of(codes[:9]), header(tiny))
    with pytest.raises(
        ValueError,
        match="9 events leave 3 blocks of 2 spikes to the train split, and 8 are needed, which 18 events give; give a",
    ):
        load_dataset(tiny, path)
    with pytest.raises(ValueError, match=r"18 spikes leave 4 blocks .* which 36 spikes of one channel give; g"):
        load_dataset(queue, stream(tmp_path / "few.packets", packets_of(codes[:9], timed=False)))


def test_a_gain_does_not_apply(tiny: Design, codes: NDArray[np.int16], tmp_path: Path) -> None:
    path = stream(tmp_path / "a.packets", packets_of(codes))
    with pytest.raises(ValueError, match=r"gain = 0\.1 does not apply to packets, which hold codes of the design's"):
        load_dataset(tiny, path, description=Description(gain=0.1))


def test_times_in_some_packets_only_are_refused(tiny: Design, codes: NDArray[np.int16], tmp_path: Path) -> None:
    packets = packets_of(codes) + packets_of(codes, timed=False)
    with pytest.raises(ValueError, match="86 of 172 raw packets have channels and times; give the parts in files"):
        load_dataset(tiny, stream(tmp_path / "a.packets", packets))


def test_two_events_of_one_time_are_not_mixed(tiny: Design, codes: NDArray[np.int16], tmp_path: Path) -> None:
    """Of every second pair of events the two snippets in the middle are lost: the first and the last are no event."""
    pairs = SPIKES // 2
    events = Events(np.zeros(2 * SPIKES, np.int64), np.repeat(times_of(pairs), 4))
    packets = write_snippets(TAG, codes.reshape(-1, 16), snippets_per_packet=1, events=events)
    kept = [packet for at, packet in enumerate(packets) if at % 8 not in (1, 2)]
    wanted = codes.reshape(pairs, 2, 2, 16)[1::2].reshape(-1, 2, 16)
    np.save(tmp_path / "a.npy", wanted)
    found = load_dataset(tiny, stream(tmp_path / "a.packets", kept))
    assert found.sha256 == load_dataset(tiny, tmp_path / "a.npy").sha256
    assert f"a.packets: {pairs} snippets of incomplete neighbourhoods, left out" in found.quality.notes
