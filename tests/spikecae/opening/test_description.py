from pathlib import Path

import pytest

from spikecae.opening.description import Description, describe, read_description
from spikecae.opening.provenance import in_words, least_real


def test_nothing_is_said_unless_someone_says_it(tmp_path: Path) -> None:
    assert describe(None) == describe(tmp_path / "a.bin") == Description()
    assert Description().provenance is None


def test_the_command_line_goes_before_raw_and_raw_before_the_file_beside(tmp_path: Path) -> None:
    (tmp_path / "a.bin.toml").write_text('provenance = "real"\nchannels = 4\n')
    (tmp_path / "raw.json").write_text('{"provenance": "synthetic", "stream": "x"}')
    source, raw = tmp_path / "a.bin", tmp_path / "raw.json"
    assert describe(source) == Description(provenance="real", channels=4)
    assert describe(source, raw) == Description(provenance="synthetic", stream="x")
    assert describe(source, raw, "y", "unknown") == Description(provenance="unknown", stream="y")
    assert describe(source, provenance="synthetic").channels == 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rate = 30000", r"rate: Extra inputs are not permitted.*the keys are sampling_rate_hz, channels, dtype"),
        ("sampling_rate_hz = 0", "sampling_rate_hz: Input should be greater than 0"),
        ("sampling_rate_hz = nan", "sampling_rate_hz"),
        ('dtype = "complex64"', "dtype: Input should be 'int16'"),
        ("gain = [1.0, -2.0]", "gain"),
        ("contacts_um = [[1, 2], [3]]", "contacts_um.1"),
        ("channels 4", "not a description of a recording"),
    ],
)
def test_what_is_no_description_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "a.dat.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        read_description(path)
    assert "a.dat.toml" in str(caught.value)


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no description of a recording at .*gone\.toml; .* RAW"):
        describe(tmp_path / "a.bin", tmp_path / "gone.toml")
    (tmp_path / "a.toml").write_text('probe = "probe.json"')
    with pytest.raises(FileNotFoundError, match=r"no probe file .*probe\.json, which .*a\.toml names"):
        read_description(tmp_path / "a.toml")
    (tmp_path / "probe.json").write_text("{}")
    assert read_description(tmp_path / "a.toml").probe == tmp_path / "probe.json"


def test_provenance_is_one_of_four(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="PROVENANCE=fake is none of real, semi-synthetic, synthetic, unknown"):
        describe(tmp_path / "a.bin", provenance="fake")
    assert least_real(["real", "unknown"]) == "unknown"
    assert least_real(["unknown", "semi-synthetic", "real"]) == "semi-synthetic"
    assert in_words("unknown") == "provenance unknown"
    assert in_words("real") == "real"


def test_data_without_a_name_are_none() -> None:
    with pytest.raises(ValueError, match="DATA is empty, or a folder without a name"):
        describe(Path(""))
