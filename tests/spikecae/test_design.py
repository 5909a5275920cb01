import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from spikecae.design import Adc, Design, DesignError, Quantization, ResNeXt, load_design

DESIGNS = Path(__file__).parents[2] / "designs"
TINY = (DESIGNS / "tiny.toml").read_text(encoding="utf-8")


def changed(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    """tiny.toml with lines replaced."""
    text = TINY
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "tiny.toml"
    path.write_text(text, encoding="utf-8")
    return path


def faults(tmp_path: Path, *changes: tuple[str, str], macro_processes: Collection[str] | None = None) -> list[str]:
    """What is wrong with tiny.toml once lines are replaced."""
    path = changed(tmp_path, *changes)
    with pytest.raises(DesignError) as caught:
        load_design(path, macro_processes=macro_processes)
    assert str(caught.value).startswith(f"{path}: {len(caught.value.faults)} fault")
    return caught.value.faults


@pytest.mark.parametrize("path", sorted(DESIGNS.glob("*.toml")), ids=lambda path: path.stem)
def test_shipped_designs_load(path: Path) -> None:
    design = load_design(path)
    assert design.name == path.stem
    if isinstance(design.encoder, ResNeXt):
        assert design.latent_samples * int(np.prod(design.encoder.pools)) == design.block.samples


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
        ("epochs = 30\n", "", ["training.epochs = 0: a network learns nothing without", "choose 1"]),
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
        (
            "[recording]",
            "[front_end]\ncontacts_um = [[0, 0], [0, 9]]\nfilter = 'low_pass'\nfilter_order = 3\n[recording]",
            ["front_end.filter_order = 3", "1 or 2"],
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


def test_a_band_that_the_chip_cannot_filter_is_refused(tmp_path: Path) -> None:
    """Unless its amplifiers have that edge."""
    low = ("[300.0, 6000.0]", "[2.0, 6000.0]")
    asked = "[front_end]\ncontacts_um = [[0, 0], [0, 9]]\nfilter = '{}'\n[synthetic]"
    (told,) = faults(tmp_path, low, ("[synthetic]", asked.format("band_pass")))
    assert "recording.band_hz = [2.0, 6000.0]: is less than front_end.filter can have, 3; raise it" in told
    load_design(changed(tmp_path, low, ("[synthetic]", asked.format("low_pass"))))


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (
            "duration_s = 20.0",
            "duration_s = 1e12",
            "synthetic.duration_s = 1000000000000.0: input should be less than or",
        ),
        ("seed = 4", "seed = -1", "synthetic.seed = -1: input should be greater than or equal to 0"),
        (
            "seed = 4",
            f"seed = {10**15}",
            f"synthetic.seed = {10**15}: input should be less than or equal to 1000000000",
        ),
        ("noise = 8.0", "noise = 1e6", "synthetic.noise = 1000000.0: input should be less than or equal to 100000"),
        (
            "noise = 8.0",
            "noise = 8.0\namplitude = [500.0, 100.0]",
            "synthetic.amplitude = [500.0, 100.0]: must not fall",
        ),
        ("units = 10", "units = 100000", "synthetic.units = 100000: input should be less than or equal to 1000"),
        ("channels = 16\nnoise", "channels = 9999\nnoise", "synthetic.channels = 9999: input should be less than or"),
        ('unit = "uV"', 'unit = "µV\\n"', "recording.unit = 'µV\\n': string should match pattern"),
        ('unit = "uV"', 'unit = "u\\tV"', "recording.unit = 'u\\tV': must consist of printable characters"),
        ('unit = "uV"', 'unit = ""', "recording.unit = '': string should match pattern"),
        ("epochs = 30", "epochs = 30\nseed = -1", "training.seed = -1: input should be greater than or equal to 0"),
    ],
)
def test_the_embedded_recording_can_be_made(tmp_path: Path, old: str, new: str, line: str) -> None:
    (found,) = faults(tmp_path, (old, new))
    assert found.startswith(f"  {line}")


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


def keys(found: list[str]) -> list[str]:
    return [line.strip().split(":")[0].split(" = ")[0] for line in found]


def test_a_rule_is_judged_where_its_own_keys_are_sound(tmp_path: Path) -> None:
    """Each section here has a faulty or missing key, a rule that needs it, and a rule that does not."""
    found = faults(
        tmp_path,
        ("channels = 16\n", ""),
        ("groups = 4", "groups = 3"),
        ("pools = [2, 2]", "pools = [2, 3]\nshare_blocks = true"),
        ("samples = 16", "samples = 17"),
        ("fold = 2", 'fold = 3\nstationary = "all"\nweight_bits = 4'),
        ("[300.0, 6000.0]", "[6000.0, 300.0]"),
        ("peak = 6", "peak = 20"),
        ("bits = 10", "bits = 99"),
        ("signed = true", "signed = false"),
    )
    assert keys(found) == [
        "adc.bits",
        "encoder.channels",
        "encoder.pools.1",
        "hardware.fold",
        "recording.band_hz",
        "encoder.groups",
        "hardware.weight_bits",
        "recording.peak",
    ]
    assert "does not divide encoder.bottleneck = 8" in found[5]


def test_a_section_that_is_missing_hides_no_other_rule(tmp_path: Path) -> None:
    found = faults(tmp_path, ("[block]", "[blocks]"), ("groups = 4", "groups = 5"), ("peak = 6", "peak = 99"))
    assert sorted(keys(found)) == ["block", "blocks", "encoder.groups", "encoder.groups"]


def content(**sections: dict[str, Any]) -> dict[str, Any]:
    """tiny.toml as Python has it, with some keys of its sections replaced."""
    tables = tomllib.loads(TINY)
    for name, changes in sections.items():
        tables[name] = tables.get(name, {}) | changes
    return tables


def places(wrong: dict[str, Any]) -> list[str]:
    """Keys that are at fault when a design is made in Python, in either way."""
    with pytest.raises(ValidationError) as made:
        Design(**wrong)
    with pytest.raises(ValidationError) as validated:
        Design.model_validate(wrong)
    assert [fault["loc"] for fault in made.value.errors()] == [fault["loc"] for fault in validated.value.errors()]
    return sorted(".".join(map(str, fault["loc"])) for fault in made.value.errors())


def test_a_design_made_in_python_obeys_the_same_rules() -> None:
    wrong = content(
        adc={"bits": 16, "signed": False},
        block={"samples": 18},
        encoder={"groups": 7, "speed": 3},
        hardware={"stationary": "all", "weight_bits": 4},
        recording={"peak": 99},
        front_end={"contacts_um": [[0, 0]]},
    )
    assert places(wrong) == [
        "adc.signed",
        "block.samples",
        "encoder.groups",
        "encoder.groups",
        "encoder.speed",
        "front_end.contacts_um",
        "hardware.stationary",
        "hardware.weight_bits",
        "recording.peak",
    ]
    with pytest.raises(ValueError, match="the encoder's input is signed 16 bit; set it to true"):
        Design(**wrong)


def test_sections_made_before_are_judged_together() -> None:
    """A converter is one by itself; only as a chip's it must fit the encoder's input."""
    adc = Adc(bits=16, lsb=1.0, signed=False)
    assert places(content() | {"adc": adc}) == ["adc.signed"]
    assert places(content(recording={"peak": -1}) | {"adc": adc}) == ["adc.signed", "recording.peak"]


def test_a_copy_is_not_judged(tiny: Design) -> None:
    copy = tiny.model_copy(update={"encoder": tiny.encoder.model_copy(update={"groups": 7})})
    assert copy.encoder.groups == 7
    assert places(copy.model_dump()) == ["encoder.groups", "encoder.groups"]


def test_a_design_survives_its_own_dump(tiny: Design) -> None:
    assert Design.model_validate(tiny.model_dump()) == tiny
    assert Design.model_validate_json(tiny.model_dump_json()) == tiny


@pytest.mark.parametrize(
    ("processes", "remedy"),
    [
        ([], "choose 'inferred' or 'registers'"),
        ({"spare", "other"}, "choose 'inferred', 'registers', 'other' or 'spare'"),
    ],
)
def test_memories_are_of_a_known_process(tmp_path: Path, processes: Collection[str], remedy: str) -> None:
    (line,) = faults(tmp_path, ("fold = 2", 'fold = 2\nmemories = "some-120nm"'), macro_processes=processes)
    assert line == f"  hardware.memories = 'some-120nm': no memories of that name; {remedy}"


@pytest.mark.parametrize("memories", ["inferred", "registers", "some-120nm"])
def test_memories_that_are_allowed(tmp_path: Path, memories: str) -> None:
    path = changed(tmp_path, ("fold = 2", f'fold = 2\nmemories = "{memories}"'))
    assert load_design(path).hardware.memories == memories
    assert load_design(path, macro_processes=["some-120nm"]).hardware.memories == memories


def test_memories_become_part_of_a_file_name(tmp_path: Path) -> None:
    (line,) = faults(tmp_path, ("fold = 2", 'fold = 2\nmemories = "../x"'))
    assert "hardware.memories = '../x': string should match pattern" in line


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("lsb = 2.34375", 'lsb = "2.3"', "adc.lsb = '2.3': input should be a valid number; write a number, without"),
        ("lsb = 2.34375", "lsb = inf", "adc.lsb = inf: input should be a finite number"),
        ("bits = 10", "bits = 2024-01-31", "adc.bits = 2024-01-31: input should be a valid integer; write a whole"),
        ("kernel = 3", "kernel = true", "encoder.kernel = True: input should be a valid integer"),
        ("fold = 2", "fold = 2.0", "hardware.fold = 2.0: input should be a valid integer"),
        ("pools = [2, 2]", "pools = [2, 2.0]", "encoder.pools = [2, 2.0]: input should be a valid integer"),
        ("pools = [2, 2]", "pools = 2", "encoder.pools = 2: input should be a valid list; write a list in brackets"),
        ("signed = true", "signed = 1", "adc.signed = 1: input should be a valid boolean; write true or false"),
        ('unit = "uV"', "unit = 1", "recording.unit = 1: input should be a valid string; write text in quotes"),
        ("[training]", "[[training]]", "must be a table; write [training] on a line of its own, and its keys below"),
    ],
)
def test_a_wrong_type_says_how_to_write_it(tmp_path: Path, old: str, new: str, expected: str) -> None:
    (line,) = faults(tmp_path, (old, new))
    assert expected in line


def test_a_fault_shows_the_beginning_of_a_long_value(tmp_path: Path) -> None:
    contacts = f"[front_end]\ncontacts_um = {[[0.0, float(n)] for n in range(1025)]}\n[training]"
    (line,) = faults(tmp_path, ("[training]", contacts))
    assert line.startswith("  front_end.contacts_um = [[0.0, 0.0], [0.0, 1.0], ")
    assert "…: list should have at most 1024 items" in line
    assert len(line) < 200


def test_a_byte_order_mark_is_no_fault(tmp_path: Path, tiny: Design) -> None:
    path = tmp_path / "tiny.toml"
    path.write_text(TINY, encoding="utf-8-sig")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert load_design(path) == tiny
    path.write_text(TINY, encoding="utf-16")
    with pytest.raises(DesignError, match=r"not valid TOML: .* save it as UTF-8"):
        load_design(path)


@pytest.mark.parametrize(
    "text", ["name = ", "\x00", "[adc]\nbits = 1\n[adc]\n", f"x = {'[' * 10_000}", f"x = {'1' * 5000}"]
)
def test_text_that_is_no_toml_is_a_fault(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DesignError, match="not valid TOML"):
        load_design(path)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("seed = 4", f"seed = 0x{'f' * 5000}", "synthetic.seed: a number of 20000 bits, 64 at most"),
        ("lsb = 2.34375", f"lsb = 0x{'f' * 17}", "adc.lsb: a number of 68 bits, 64 at most; choose a smaller one"),
        ("pools = [2, 2]", f"pools = [2, 1{'0' * 4000}]", "encoder.pools.1: a number of 13288 bits"),
        ("seed = 4", f"seed{'.a' * 3000} = 1", "synthetic.seed.a.a.a.a.a.a.a.a.a.a.a.a.a.a: more than 16 tables"),
        ("[adc]", f"[{'a.' * 3000}b]\n[adc]", "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a: more than 16 tables or lists"),
        ("seed = 4", f"seed = {'[' * 200}{']' * 200}", "synthetic.seed.0.0.0.0.0.0.0.0.0.0.0.0.0.0: more than 16"),
        ("seed = 4", "seed = -1", "synthetic.seed = -1: input should be greater than or equal to 0"),
        ("seed = 4", f'seed = 4\n"{"k" * 9999}" = 1', f"synthetic.{'k' * 49}… = 1: unknown key"),
        ("seed = 4", 'seed = 4\n"a\\u001b\\nb" = 1', r"synthetic.'a\x1b\nb' = 1: unknown key"),
        ("seed = 4", f"seed = 4 # {'x' * 70_000}", "more than 65536 bytes: no design"),
    ],
    ids=lambda value: None if callable(value) else ascii(value)[:30],
)
def test_what_is_too_much_is_one_short_fault(tmp_path: Path, old: str, new: str, expected: str) -> None:
    (line,) = faults(tmp_path, (old, new))
    assert expected in line
    assert len(line) < 200
    assert line.isprintable()


def test_of_many_faults_the_first_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "tiny.toml"
    path.write_text(TINY + "\n".join(f"k{number} = 1" for number in range(1000)), encoding="utf-8")
    with pytest.raises(DesignError, match="1000 faults in this design") as caught:
        load_design(path)
    assert len(caught.value.faults) == 1000
    assert str(caught.value).count("\n") == 41
    assert str(caught.value).endswith("  and 960 more")


def test_tables_of_another_kind_are_faults_not_exceptions(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text("adc = 1\nblock = []\nencoder = 'x'\ncodebook = {}\nname = 3\nrecording = [1]\n", encoding="utf-8")
    with pytest.raises(DesignError) as caught:
        load_design(path)
    text = "\n".join(caught.value.faults)
    assert all(key in text for key in ("adc", "block", "encoder", "codebook.codewords", "name", "recording"))


def test_a_missing_file_tells_which_designs_there_are(tmp_path: Path) -> None:
    (tmp_path / "a.toml").touch()
    with pytest.raises(FileNotFoundError, match=r"no design file .*b\.toml \(designs in that folder: a\)"):
        load_design(tmp_path / "b.toml")


def test_a_design_cannot_be_changed(tiny: Design) -> None:
    with pytest.raises(ValueError, match="frozen"):
        tiny.block.spikes = 3
