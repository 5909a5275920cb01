"""Small recordings with spikes, and files of them as other programs write them."""

import json
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from probeinterface import Probe
from spikeinterface.core import BaseRecording, NumpyRecording

RATE = 30_000.0
PITCH_UM = 25.0


def traces(channels: int = 8, seconds: float = 6.0, rate: float = RATE, seed: int = 0) -> NDArray[np.float32]:
    """µV ``[T, C]``: thirty biphasic spikes a second, each on three neighbouring contacts, and noise of 8 µV."""
    rng = np.random.default_rng(seed)
    samples = int(seconds * rate)
    made = rng.normal(0, 8, (samples, channels)).astype(np.float32)
    ms = np.arange(-20, 50) / rate * 1000
    shape = -np.exp(-0.5 * (ms / 0.12) ** 2) + 0.4 * np.exp(-0.5 * ((ms - 0.5) / 0.3) ** 2)
    for start in np.sort(rng.integers(60, samples - 120, int(30 * seconds))):
        centre, size = rng.integers(channels), 200 * rng.uniform(0.7, 1.6)
        for step, share in ((0, 1.0), (1, 0.5), (-1, 0.45)):
            if 0 <= centre + step < channels:
                made[start - 20 : start + 50, centre + step] += size * share * shape
    return made


def column(channels: int) -> list[tuple[float, float]]:
    """Contacts one above the other."""
    return [(0.0, PITCH_UM * channel) for channel in range(channels)]


def probe(positions: Sequence[tuple[float, float]]) -> Probe:
    made = Probe(ndim=2, si_units="um")
    made.set_contacts(positions=np.array(positions), shapes="circle", shape_params={"radius": 5})
    made.set_device_channel_indices(np.arange(len(positions)))
    return made


def recorded(parts: NDArray | list[NDArray], rate: float = RATE, placed: bool = True) -> BaseRecording:
    """A recording of one array ``[T, C]`` a segment, contacts in a column."""
    segments = parts if isinstance(parts, list) else [parts]
    recording = NumpyRecording(segments, sampling_frequency=rate)
    if placed:
        recording.set_probe(probe(column(segments[0].shape[1])))
    return recording


def codes(uv: NDArray, gain_uv: float) -> NDArray[np.int16]:
    return np.round(uv / gain_uv).astype(np.int16)


def write_spikeglx(folder: Path, uv: NDArray, device: str = "imec0", kind: str = "ap", renamed: str = "") -> None:
    """Binary and meta file of a Neuropixels 2.0 stream with its sync channel; ``renamed`` is what a user calls them."""
    folder.mkdir(parents=True, exist_ok=True)
    count, rate = uv.shape[1], RATE if kind == "ap" else RATE / 12
    gain_uv = 0.5 / 8192 / 80 * 1e6
    name = f"run_g0_t0.{device}.{kind}"
    with_sync = np.concatenate([codes(uv, gain_uv), np.zeros((len(uv), 1), np.int16)], axis=1)
    (folder / f"{renamed or name}.bin").write_bytes(with_sync.tobytes())
    saved = f"{count},0,1" if kind == "ap" else f"0,{count},1"
    chosen = "".join(f"({channel} 0 0 {channel})" for channel in range(384))
    mapped = "".join(f"({kind.upper()}{channel};{channel}:{channel})" for channel in range(count))
    meta = {
        "fileName": f"D:/sgl/{name}.bin",
        "fileSizeBytes": with_sync.nbytes,
        "typeThis": "imec",
        "imDatPrb_pn": "NP2000",
        "imDatPrb_type": 21,
        "imDatPrb_sn": 1,
        "imDatPrb_slot": 2,
        "imDatPrb_port": 1,
        "imAiRangeMax": 0.5,
        "imMaxInt": 8192,
        "imSampRate": rate,
        "nSavedChans": count + 1,
        "snsApLfSy": saved,
        "snsSaveChanSubset": f"0:{count - 1},384",
        "firstSample": 0,
        "~imroTbl": f"(21,384){chosen}",
        "~snsChanMap": f"(384,0,1){mapped}(SY0;384:{count})",
    }
    lines = "".join(f"{key}={value}\n" for key, value in meta.items())
    (folder / f"{renamed or name}.meta").write_text(lines)


def write_open_ephys(folder: Path, streams: dict[str, tuple[NDArray, float]]) -> None:
    """The binary format of version 0.6: a folder for each stream, named and with its rate, in one structure.oebin."""
    top = folder / "Record Node 101" / "experiment1" / "recording1"
    described = []
    for name, (uv, rate) in streams.items():
        where = top / "continuous" / name
        where.mkdir(parents=True)
        (where / "continuous.dat").write_bytes(codes(uv, 0.195).tobytes())
        np.save(where / "sample_numbers.npy", np.arange(len(uv)))
        np.save(where / "timestamps.npy", np.arange(len(uv)) / rate)
        channels = [{"channel_name": f"CH{n}", "bit_volts": 0.195, "units": "uV"} for n in range(uv.shape[1])]
        described.append(
            {
                "folder_name": f"{name}/",
                "sample_rate": rate,
                "stream_name": name,
                "source_processor_name": "Neuropix-PXI",
                "source_processor_id": 100,
                "num_channels": uv.shape[1],
                "channels": channels,
            }
        )
    structure = {"GUI version": "0.6.4", "continuous": described, "events": [], "spikes": []}
    (top / "structure.oebin").write_text(json.dumps(structure))
    (folder / "Record Node 101" / "settings.xml").write_text("<SETTINGS></SETTINGS>")


def write_intan(path: Path, uv: NDArray) -> None:
    """RHD 2.0: amplifier, auxiliary and supply channels, as the RHX software leaves them by default."""

    def text(value: str) -> bytes:
        return struct.pack("<I", 2 * len(value)) + value.encode("utf-16-le")

    count, block = uv.shape[1], 128
    kinds = [(0, f"A-{n:03d}") for n in range(count)] + [(1, f"A-AUX{n}") for n in (1, 2, 3)] + [(2, "A-VDD1")]
    head = struct.pack("<Ihh", 0xC6912702, 2, 0) + struct.pack("<fh6fh2f", RATE, 1, *[1.0] * 6, 0, 1e3, 1e3)
    head += text("") * 3 + struct.pack("<hh", 0, 0) + text("n/a") + struct.pack("<h", 1)
    head += text("Port A") + text("A") + struct.pack("<hhh", 1, len(kinds), count)
    for order, (kind, name) in enumerate(kinds):
        head += text(name) * 2 + struct.pack("<10h2f", order, order, kind, 1, order, 0, 1, 0, 0, 0, 1e5, 0.0)
    blocks = [head]
    stored = (codes(uv, 0.195).astype(np.int32) + 32768).astype(np.uint16)
    for start in range(0, len(stored) // block * block, block):
        part = np.ascontiguousarray(stored[start : start + block].T)
        blocks += [np.arange(start, start + block, dtype=np.int32).tobytes(), part.tobytes()]
        blocks += [np.full(3 * block // 4 + 1, 40_000, np.uint16).tobytes()]
    path.write_bytes(b"".join(blocks))


def write_blackrock(path: Path, uv: NDArray) -> None:
    """NSx of version 2.2, 0.25 µV a step."""
    count = uv.shape[1]
    head = b"NEURALCD" + struct.pack(
        "<BBI16s256sII8HI", 2, 2, 314 + 66 * count, b"raw", b"", 1, 30_000, *[1] * 8, count
    )
    for channel in range(count):
        limits = (-32764, 32764, -8191, 8191)
        head += b"CC" + struct.pack("<H16sBB4h16s", channel + 1, f"elec{channel}".encode(), 1, 1, *limits, b"uV")
        head += struct.pack("<IIHIIH", 300, 1, 1, 7_500_000, 3, 1)
    data = codes(uv, 0.25)
    path.write_bytes(head + struct.pack("<BII", 1, 0, len(data)) + data.tobytes())
