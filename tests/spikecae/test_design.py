from pathlib import Path

import pytest

from spikecae.design import Design, DesignError, Quantization, load_design

DESIGNS = Path(__file__).parents[2] / "designs"
TINY = (DESIGNS / "tiny.toml").read_text(encoding="utf-8")


def faults(tmp_path: Path, *changes: tuple[str, str]) -> list[str]:
    """What is wrong with tiny.toml once lines are replaced."""
    text = TINY
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "tiny.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DesignError) as caught:
        load_design(path)
    assert str(caught.value).startswith(f"{path}: {len(caught.value.faults)} fault")
    return caught.value.faults


@pytest.mark.parametrize("path", sorted(DESIGNS.glob("*.toml")), ids=lambda path: path.stem)
def test_shipped_designs_load(path: Path) -> None:
    design = load_design(path)
    assert design.name == path.stem
    assert design.latent_samples * design.pooling == design.block.samples


def test_neuropixels_is_the_papers_network() -> None:
    design = load_design(DESIGNS / "neuropixels.toml")
    shape = design.encoder
    assert (design.block.spikes, design.block.samples, shape.features, design.codebook.codewords) == (4, 48, 16, 256)
    assert (shape.channels, shape.bottleneck, shape.groups, shape.kernel, shape.pools) == (256, 128, 32, 3, [2, 2])


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("channels = 16", "channels = 18", ["encoder.groups = 4: does not divide encoder.channels = 18", "a divisor"]),
        ("groups = 4", "groups = 0", ["encoder.groups = 0", "greater than or equal to 1"]),
        ("channels = 16", "channels = 1024", ["encoder.channels = 1024: 256 channels per group", "raise groups"]),
        ("samples = 16", "samples = 18", ["block.samples = 18", "choose a multiple"]),
        ("spikes = 2", "spikes = 17", ["block.spikes = 17", "less than or equal to 16"]),
        ("spikes = 2", "spikes = 2.0", ["block.spikes = 2.0", "valid integer"]),
        ("kernel = 3", "kernel = 4", ["encoder.kernel = 4", "1, 3 or 5"]),
        ("codewords = 16", "codewords = 4096", ["codebook.codewords = 4096", "2048"]),
        ("peak = 6", "peak = 16", ["recording.peak = 16", "outside the snippet"]),
        ("[300.0, 6000.0]", "[300.0, 16000.0]", ["recording.band_hz", "below half"]),
        ("[300.0, 6000.0]", "[6000.0, 300.0]", ["recording.band_hz", "rising"]),
        ('name = "tiny"', 'name = "small"', ["name = 'small'", "write 'tiny'"]),
        ("kernel = 3", "kernle = 3", ["encoder.kernle = 3: unknown key"]),
        ("epochs = 30\n", "", ["training.epochs: missing"]),
        ("pools = [2, 2]", "pools = [2]\nshare_blocks = true", ["encoder.share_blocks = True", "one residual block"]),
        ("bits = 10", "bits = 16", ["adc.signed = False", "the encoder's input is signed 16 bit", "adc.bits to 15"]),
        (
            "fold = 2",
            "fold = 2\nweight_bits = 6",
            ["hardware.weight_bits = 6: narrower than quantization.weight_bits = 8"],
        ),
        ("fold = 2", "fold = 2\nweight_bits = 5", ["hardware.weight_bits = 5", "4, 6 or 8"]),
        (
            "[hardware]",
            "[quantization]\nlatent_bits = 7\n[hardware]",
            ["quantization.latent_bits = 7", "4, 5, 6 or 8"],
        ),
        ("fold = 2", "fold = 2\nstationary = 'all'", ["hardware.stationary = 'all': only at fold 1, not 2"]),
    ],
)
def test_a_fault_names_key_value_and_remedy(tmp_path: Path, old: str, new: str, expected: list[str]) -> None:
    changes = [(old, new)]
    if new == "bits = 16":
        changes.append(("signed = true", "signed = false"))
    (line,) = faults(tmp_path, *changes)
    assert all(part in line for part in expected), line


@pytest.mark.parametrize(("chip", "weights"), [(8, 4), (6, 4), (6, 6), (4, 4)])
def test_a_chip_may_be_wider_than_the_weights(tmp_path: Path, chip: int, weights: int) -> None:
    path = tmp_path / "tiny.toml"
    path.write_text(
        TINY.replace("[hardware]", f"[quantization]\nweight_bits = {weights}\n[hardware]\nweight_bits = {chip}")
    )
    design = load_design(path)
    assert (design.hardware.weight_bits, design.quantization.weight_bits) == (chip, weights)


def test_widths_in_words() -> None:
    assert Quantization().widths == "8-bit"
    assert Quantization(weight_bits=4, activation_bits=6, latent_bits=5).widths == "4/6/5-bit"
    assert Quantization(latent_bits=5).widths == "8/8/5-bit"


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    found = faults(
        tmp_path,
        ("groups = 4", "groups = 7\nspeed = 3"),
        ("codewords = 16", 'codewords = "many"'),
        ("samples = 16", "samples = 18"),
        ("peak = 6", "peak = 99"),
    )
    keys = sorted(line.split(" = ")[0].strip() for line in found)
    assert keys == [
        "block.samples",
        "codebook.codewords",
        "encoder.groups",
        "encoder.groups",  # neither the channels nor the bottleneck
        "encoder.speed",
        "recording.peak",
    ]


@pytest.mark.parametrize("text", ["name = ", "\x00", "[adc]\nbits = 1\n[adc]\n"])
def test_text_that_is_no_toml_is_a_fault(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DesignError, match="not valid TOML"):
        load_design(path)


def test_tables_of_another_kind_are_faults_not_exceptions(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text("adc = 1\nblock = []\nencoder = 'x'\ncodebook = {}\nname = 3\nrecording = [1]\n", encoding="utf-8")
    with pytest.raises(DesignError) as caught:
        load_design(path)
    text = "\n".join(caught.value.faults)
    assert all(
        key in text for key in ("adc", "block", "encoder", "codebook.codewords", "name", "recording", "training")
    )


def test_a_missing_file_tells_which_designs_there_are(tmp_path: Path) -> None:
    (tmp_path / "a.toml").touch()
    with pytest.raises(FileNotFoundError, match=r"no design file .*b\.toml \(designs in that folder: a\)"):
        load_design(tmp_path / "b.toml")


def test_a_design_cannot_be_changed(tiny: Design) -> None:
    with pytest.raises(ValueError, match="frozen"):
        tiny.block.spikes = 3
