"""Every format that the guide promises, from a file that its own writer or its published layout gives."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from model.datasets import SpikeDataset, load_dataset
from spikecae.design import Design, load_design
from spikecae.opening.description import Description, describe
from spikecae.opening.formats import FORMATS
from tests.recordings import (
    RATE,
    codes,
    column,
    probe,
    recorded,
    traces,
    write_blackrock,
    write_intan,
    write_open_ephys,
    write_spikeglx,
)

PLACED = Description(contacts_um=[list(place) for place in column(8)])


@pytest.fixture(scope="module")
def uv() -> NDArray[np.float32]:
    return traces()


@pytest.fixture(scope="module")
def expected(tiny: Design, uv: NDArray) -> SpikeDataset:
    return load_dataset(tiny, recorded(uv))


def assert_same(found: SpikeDataset, expected: SpikeDataset, step_uv: float) -> None:
    """The same spikes but for the format's rounding and what it moves across the threshold."""
    assert found.quality.channels == 8
    assert found.quality.summary == ""
    assert found.provenance == "unknown"
    times = [np.round(spikes.test.times_s[:, 0] * RATE) for spikes in (found, expected)]
    both, mine, its = np.intersect1d(*times, return_indices=True)
    assert len(both) > 0.9 * len(times[1])
    error = found.test.spikes[mine] - expected.test.spikes[its]
    assert np.abs(error).max() < 1.5 * step_uv + 0.1
    assert np.array_equal(found.test.channels[mine], expected.test.channels[its])


def test_every_suffix_has_its_test() -> None:
    assert set(FORMATS) == {".nwb", ".rhd", ".ns5", ".ns6", ".edf", ".mda"}


@pytest.mark.parametrize("kind", ["folder", "zarr", "json"])
def test_spikeinterface(tiny: Design, uv: NDArray, expected: SpikeDataset, tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"saved.{kind}"
    if kind == "json":
        saved = recorded(uv).save(folder=tmp_path / "binary", verbose=False, progress_bar=False)
        saved.dump_to_json(path)
    else:
        kept = "zarr" if kind == "zarr" else "binary"
        recorded(uv).save(folder=path, format=kept, verbose=False, progress_bar=False)
    assert_same(load_dataset(tiny, path), expected, 0.0)


def test_spikeglx(tiny: Design, uv: NDArray, expected: SpikeDataset, tmp_path: Path) -> None:
    write_spikeglx(tmp_path / "run", uv)
    write_spikeglx(tmp_path / "run", uv[::12], kind="lf")
    found = load_dataset(tiny, tmp_path / "run")  # at the design's rate, and not the sync channel
    assert found.quality.channels == 8
    assert len(found.test) == pytest.approx(len(expected.test), abs=3)  # contacts lie elsewhere than in the column


def test_two_probes_of_spikeglx_ask(tiny: Design, uv: NDArray, tmp_path: Path) -> None:
    write_spikeglx(tmp_path / "run" / "run_imec0", uv)
    write_spikeglx(tmp_path / "run" / "run_imec1", traces(seed=9), device="imec1")
    with pytest.raises(
        ValueError, match=r"2 of its streams .* say which one as STREAM: 'imec0.ap' \(30000 Hz\), 'imec0"
    ):
        load_dataset(tiny, tmp_path / "run")
    first, second = (
        load_dataset(tiny, tmp_path / "run", description=Description(stream=f"imec{n}.ap")) for n in (0, 1)
    )
    assert len(first.test) != len(second.test)
    alone = tmp_path / "run" / "run_imec1" / "run_g0_t0.imec1.ap.bin"
    np.testing.assert_array_equal(load_dataset(tiny, alone).test.adc, second.test.adc)
    with pytest.raises(ValueError, match=r"it has no stream 'imec7.ap'; give one of these as STREAM: 'imec0.ap'"):
        load_dataset(tiny, tmp_path / "run", description=Description(stream="imec7.ap"))


def test_renamed_spikeglx_files(tiny: Design, uv: NDArray, tmp_path: Path) -> None:
    write_spikeglx(tmp_path / "plain", uv)
    write_spikeglx(tmp_path / "renamed", uv, renamed="mouse 7, Tuesday.ap")
    plain = load_dataset(tiny, tmp_path / "plain")
    for path in (tmp_path / "renamed", tmp_path / "renamed" / "mouse 7, Tuesday.ap.bin"):
        np.testing.assert_array_equal(load_dataset(tiny, path).test.adc, plain.test.adc)


def test_open_ephys_takes_the_action_potential_band(
    tiny: Design, uv: NDArray, expected: SpikeDataset, tmp_path: Path
) -> None:
    bands = {"Neuropix-PXI-100.ProbeA-AP": (uv, RATE), "Neuropix-PXI-100.ProbeA-LFP": (uv[::12], RATE / 12)}
    write_open_ephys(tmp_path / "session", bands)
    assert_same(load_dataset(tiny, tmp_path / "session", description=PLACED), expected, 0.195)
    slow = PLACED.model_copy(update={"stream": "Record Node 101#Neuropix-PXI-100.ProbeA-LFP"})
    with pytest.raises(ValueError, match="sampled at 2500 Hz, design 'tiny' expects 30000 Hz"):
        load_dataset(tiny, tmp_path / "session", description=slow)
    with pytest.raises(ValueError, match="none of its streams is recorded from electrodes at the design's 24000 Hz"):
        load_dataset(at_rate(tiny, 24_000.0), tmp_path / "session", description=PLACED)


def at_rate(design: Design, rate_hz: float) -> Design:
    return design.model_copy(update={"recording": design.recording.model_copy(update={"sampling_rate_hz": rate_hz})})


def test_intan_takes_the_amplifier(tiny: Design, uv: NDArray, expected: SpikeDataset, tmp_path: Path) -> None:
    write_intan(tmp_path / "day.rhd", uv)  # with auxiliary and supply channels
    assert_same(load_dataset(tiny, tmp_path / "day.rhd", description=PLACED), expected, 0.195)


@pytest.mark.parametrize("suffix", [".ns5", ".ns6"])
def test_blackrock(tiny: Design, uv: NDArray, expected: SpikeDataset, tmp_path: Path, suffix: str) -> None:
    write_blackrock(tmp_path / f"day{suffix}", uv)
    assert_same(load_dataset(tiny, tmp_path / f"day{suffix}", description=PLACED), expected, 0.25)


def test_mountainsort(tiny: Design, uv: NDArray, expected: SpikeDataset, tmp_path: Path) -> None:
    from spikeinterface.extractors.extractor_classes import MdaRecordingExtractor

    MdaRecordingExtractor.write_recording(recorded(uv), tmp_path / "mda", verbose=False, progress_bar=False)
    assert_same(load_dataset(tiny, tmp_path / "mda" / "raw.mda"), expected, 0.0)


def write_nwb(path: Path, uv: NDArray, names: list[str]) -> Path:
    """As pynwb writes it: an electrical series by each name, contacts in a column."""
    from pynwb import NWBHDF5IO, NWBFile
    from pynwb.ecephys import ElectricalSeries

    made = NWBFile(session_description="s", identifier="i", session_start_time=datetime(2020, 1, 1, tzinfo=UTC))
    device = made.create_device(name="probe")
    group = made.create_electrode_group(name="group", description="d", location="l", device=device)
    for name in ("rel_x", "rel_y"):
        made.add_electrode_column(name, "µm")
    for x, y in column(8):
        made.add_electrode(x=x, y=y, z=0.0, rel_x=x, rel_y=y, location="l", group=group)
    region = made.create_electrode_table_region(list(range(8)), "all")
    for name in names:
        made.add_acquisition(ElectricalSeries(name, codes(uv, 0.195), region, rate=RATE, conversion=0.195e-6))
    with NWBHDF5IO(path, "w") as file:
        file.write(made)
    return path


def test_nwb(tiny: Design, uv: NDArray, expected: SpikeDataset, tmp_path: Path) -> None:
    assert_same(load_dataset(tiny, write_nwb(tmp_path / "one.nwb", uv, ["Probe0"])), expected, 0.195)
    both = write_nwb(tmp_path / "both.nwb", uv, ["Probe0", "Probe1"])
    with pytest.raises(ValueError, match=r"as STREAM: 'acquisition/Probe0' .*'acquisition/Probe1'"):
        load_dataset(tiny, both)
    assert_same(load_dataset(tiny, both, description=Description(stream="acquisition/Probe1")), expected, 0.195)


def test_edf(tiny: Design, uv: NDArray, expected: SpikeDataset, tmp_path: Path) -> None:
    from pyedflib import FILETYPE_EDFPLUS, EdfWriter

    writer = EdfWriter(str(tmp_path / "day.edf"), 8, file_type=FILETYPE_EDFPLUS)
    writer.setDatarecordDuration(0.05)
    limits = {"physical_max": 3276.7, "physical_min": -3276.8, "digital_max": 32767, "digital_min": -32768}
    for channel in range(8):
        head = {"label": f"ch{channel}", "dimension": "uV", "sample_frequency": RATE, "prefilter": "", "transducer": ""}
        writer.setSignalHeader(channel, head | limits)
    writer.writeSamples([np.ascontiguousarray(row, np.float64) for row in uv.T])
    writer.close()
    assert_same(load_dataset(tiny, tmp_path / "day.edf", description=PLACED), expected, 0.1)


def test_raw_binary_with_a_description_beside_it(
    tiny: Design, uv: NDArray, expected: SpikeDataset, tmp_path: Path
) -> None:
    path = tmp_path / "day.dat"
    path.write_bytes(b"header??" + codes(uv, 0.195).tobytes())
    lacking = r"write sampling_rate_hz, channels, dtype \(and gain, unit, contacts_um\) into day.dat.toml beside it"
    with pytest.raises(ValueError, match=lacking):
        load_dataset(tiny, path, description=describe(path))
    said = {"sampling_rate_hz": RATE, "channels": 8, "dtype": "int16", "header_bytes": 8, "contacts_um": column(8)}
    beside = tmp_path / "day.dat.toml"
    lines = [f"{key} = {json.dumps(value)}" for key, value in said.items()]
    beside.write_text("\ufeff" + "\n".join(lines))  # as some editors begin a file
    with pytest.raises(ValueError, match="samples are int16 without a gain, and design 'tiny' works in 'uV'"):
        load_dataset(tiny, path, description=describe(path))
    beside.write_text("\n".join([*lines, "gain = 0.195", 'unit = "uV"']))
    assert_same(load_dataset(tiny, path, description=describe(path)), expected, 0.195)
    beside.write_text("\n".join([*lines, "gain = 0.000195", 'unit = "mV"', 'provenance = "synthetic"']))
    found = load_dataset(tiny, path, description=describe(path))
    assert found.provenance == "synthetic"
    assert load_dataset(tiny, path, description=describe(path, provenance="real")).provenance == "real"
    beside.write_text("\n".join([*lines, "gain = 0.195"]).replace("channels = 8", "channels = 7"))
    with pytest.raises(ValueError, match="no whole number of samples of 7 channels as int16"):
        load_dataset(tiny, path, description=describe(path))
    size = path.stat().st_size
    beside.write_text("\n".join([*lines, "gain = 0.195"]).replace("header_bytes = 8", "header_bytes = 1000000000"))
    with pytest.raises(ValueError, match=f"header_bytes = 1000000000 is more than the {size} bytes of the file; corr"):
        load_dataset(tiny, path, description=describe(path))
    alike = [[0.0, 0.0], [0.0, 15.0], [0.0, 0.0], *column(8)[3:]]
    with pytest.raises(ValueError, match=r"day\.dat: contacts_um .* channels 0, 2 at one place, \(0, 0\); give each"):
        load_dataset(
            tiny,
            path,
            description=Description.model_validate(said | {"contacts_um": alike, "gain": 0.195} | {"header_bytes": 8}),
        )


def test_what_holds_no_recording_is_refused(tiny: Design, tmp_path: Path) -> None:
    import h5py

    with h5py.File(tmp_path / "h.nwb", "w") as file:
        file["x"] = [1.0]
    with pytest.raises(ValueError, match=r"h\.nwb: it holds no recording; give a file"):
        load_dataset(tiny, tmp_path / "h.nwb")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "notes.txt").write_text("x")
    with pytest.raises(
        ValueError, match=r"folder: SpikeInterface does not open it \(it knows no recording in it\); exp"
    ):
        load_dataset(tiny, tmp_path / "folder")


def test_a_probe_file_places_the_contacts(tiny: Design, uv: NDArray, expected: SpikeDataset, tmp_path: Path) -> None:
    from probeinterface import ProbeGroup, write_probeinterface

    (tmp_path / "day.dat").write_bytes(uv.tobytes())
    group = ProbeGroup()
    group.add_probe(probe(column(8)))
    write_probeinterface(tmp_path / "column.json", group)
    said = {"sampling_rate_hz": RATE, "channels": 8, "dtype": "float32", "probe": "column.json"}
    (tmp_path / "said.json").write_text(json.dumps(said))
    description = describe(tmp_path / "day.dat", tmp_path / "said.json")
    assert_same(load_dataset(tiny, tmp_path / "day.dat", description=description), expected, 0.0)
    (tmp_path / "column.json").write_text("{}")
    with pytest.raises(ValueError, match=r"column\.json: no probe for the 8 channels of"):
        load_dataset(tiny, tmp_path / "day.dat", description=description)


def test_what_contradicts_the_file_is_refused(tiny: Design, uv: NDArray, tmp_path: Path) -> None:
    write_intan(tmp_path / "day.rhd", uv)
    for key, value, message in (
        ("sampling_rate_hz", 20_000.0, "sampled at 30000 Hz, its description says 20000 Hz"),
        ("gain", 0.5, "the file says 0.195 µV per step, its description 0.5"),
        ("contacts_um", PLACED.contacts_um[:3], "8 channels, but contacts_um in its description has 3 contacts"),  # type: ignore[index]
        ("unit", "1", "the recording is in '1', design 'tiny' in 'uV'"),
    ):
        with pytest.raises(ValueError, match=message):
            load_dataset(tiny, tmp_path / "day.rhd", description=PLACED.model_copy(update={key: value}))


def test_a_recording_in_microvolts_is_not_for_a_design_in_its_own_units(uv: NDArray, tmp_path: Path) -> None:
    hc1 = at_rate(load_design(Path(__file__).parents[3] / "designs" / "hc1.toml"), RATE)
    write_intan(tmp_path / "day.rhd", uv[:, :4])
    with pytest.raises(
        ValueError, match=r"the recording is in 'uV', design 'hc1' in '1'.*recording\.unit and adc\.lsb"
    ):
        load_dataset(hc1, tmp_path / "day.rhd")


def test_an_annotation_says_the_provenance(tiny: Design, uv: NDArray) -> None:
    recording = recorded(uv)
    recording.annotate(provenance="semi-synthetic")
    assert load_dataset(tiny, recording).provenance == "semi-synthetic"
    assert load_dataset(tiny, recording, description=Description(provenance="real")).provenance == "real"


def test_a_gain_that_is_of_no_voltage_is_none(tiny: Design, uv: NDArray) -> None:
    recording = recorded(codes(uv, 0.195))
    recording.set_channel_gains(0.195)
    recording.set_channel_offsets(0)
    assert len(load_dataset(tiny, recording).test) > 30
    recording.set_property("physical_unit", np.full(8, "a.u."))
    with pytest.raises(ValueError, match="samples are int16 without a gain"):
        load_dataset(tiny, recording)
