"""A first design file from a recording, or from what is asked of the chip."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from flow.cli import app
from flow.drafting import draft as drafting
from flow.drafting import new
from flow.drafting.design_file import design_text
from flow.drafting.draft import Wishes, draft, draft_for
from flow.drafting.survey import survey
from flow.price.price import Price
from flow.price.untrained import untrained_specs
from quantize.linear.integers import WeightError
from spikecae.design import Linear, load_design
from spikecae.opening.description import Description
from spikecae.spec import load_spec
from tests.flow.conftest import ROOT
from tests.flow.test_check import sample_price
from tests.recordings import recorded, traces

__all__ = ["sample_price"]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, sample_price: Price) -> None:
    """The shape of a shipped design in place of one that is made, and no Verilog."""
    spec = load_spec(ROOT / "designs/lite_tetrode")
    for module in (drafting, new):
        monkeypatch.setattr(module, "untrained_specs", lambda _: [spec])
    monkeypatch.setattr(new, "price", lambda *_: sample_price)


def test_a_link_sets_the_bits() -> None:
    made = draft("mine", Wishes(1000, 30.0, link_kbps=800.0)).design
    assert Linear.of(made.encoder).bits_per_spike == 0.9 * 800e3 / 30e3
    wide = draft("mine", Wishes(10, 30.0, link_kbps=800.0)).design
    assert Linear.of(wide.encoder).bits_per_spike == 31.0


@pytest.mark.parametrize(("channels", "kind"), [(1, "queue"), (3, "queue"), (4, "neighbourhood")])
def test_neighbours_are_coded_together_where_there_are_some(channels: int, kind: str) -> None:
    assert draft("mine", Wishes(channels)).design.block.kind == kind


@pytest.mark.usefixtures("quick")
def test_the_fold_is_the_largest_that_keeps_up() -> None:
    """The map of ``lite_tetrode`` takes 480 cycles a block of 4 spikes at fold 16: 166,667 spikes/s at 20 MHz.

    Four times the fold, a quarter of them.
    """
    few = draft_for("mine", Wishes(1, 20.0))
    assert few.design.hardware.fold == 64
    assert "keep up with 40 spikes/s, 2 times 1 · 20 Hz: 41,667 are coded" in few.reasons["hardware.fold"]
    assert draft_for("mine", Wishes(1100, 20.0)).design.hardware.fold == 32
    assert draft_for("mine", Wishes(4100, 20.0)).design.hardware.fold == 16
    assert draft_for("mine", Wishes(4200, 20.0)).design.hardware.fold == 8
    too_many = draft_for("mine", Wishes(1000000, 20.0))
    assert too_many.design.hardware.fold == 1
    assert "take several encoders" in too_many.reasons["hardware.fold"]


@pytest.mark.usefixtures("quick")
def test_what_is_written_is_a_design_with_reasons(tmp_path: Path) -> None:
    asked = ["new", "mine", "--channels", "1000", "--rate", "30", "--area", "0.001", "--to", str(tmp_path)]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    assert "too much" in done.stdout
    design = load_design(tmp_path / "mine.toml")
    assert design == draft_for("mine", Wishes(1000, 30.0)).design
    text = (tmp_path / "mine.toml").read_text()
    assert "# A spike is seen by neighbouring contacts" in text
    assert text.startswith("# 1000 channels at 30 spikes/s each")
    assert "# M: the contacts nearest to a peak.\nspikes = 4\n# D: 1.6 ms at 30000 Hz.\nsamples = 48\n" in text
    again = CliRunner().invoke(app, asked)
    assert isinstance(again.exception, ValueError)
    assert "--overwrite" in str(again.exception)
    assert CliRunner().invoke(app, [*asked, "--overwrite", "--json"]).exit_code == 0


@pytest.mark.parametrize(
    ("name", "said"), [("Mine", "cannot be a design's name"), ("../x", "cannot be"), ("tiny", "has this name already")]
)
def test_a_name_that_cannot_be_is_told(name: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    with pytest.raises(ValueError, match=said):
        new.file_of(name, tmp_path, may_replace=lambda _: True)


def test_without_anything_to_go_by_there_is_no_draft(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["new", "mine", "--to", str(tmp_path)])
    assert "give --data, or --channels" in str(done.exception)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("rate", [10000.0, 12000.0])
def test_slow_sampling_takes_wider_weights(rate: float) -> None:
    made = draft_for("mine", Wishes(2, sampling_rate_hz=rate))
    width = made.design.quantization.weight_bits
    assert width == made.design.hardware.weight_bits > 4
    text = design_text(made.design, "A draft.", made.reasons)
    assert f"are too few.\nweight_bits = {width}\n" in text
    with pytest.raises(WeightError, match=r"raise quantization\.weight_bits"):
        untrained_specs(draft("mine", Wishes(2, sampling_rate_hz=rate)).design)


def test_a_link_too_narrow_for_any_spike_is_told() -> None:
    with pytest.raises(ValueError, match=r"--link 1e-06 kbit/s: leaves 2\.2e-05 bits"):
        draft("mine", Wishes(2, link_kbps=1e-6))


@pytest.mark.parametrize("rate", [5000.0, 100000.0])
@pytest.mark.parametrize("channels", [1, 8])
def test_there_are_drafts_at_both_ends_of_sampling(rate: float, channels: int) -> None:
    assert draft("mine", Wishes(channels, sampling_rate_hz=rate)).design.recording.sampling_rate_hz == rate


@pytest.mark.parametrize("rate", ["1000", "1e9", "nan", "-1"])
def test_sampling_that_no_draft_has_is_refused_by_name(rate: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["new", "mine", "--channels", "2", "--sampling", rate, "--to", str(tmp_path)])
    assert done.exit_code == 2
    said = " ".join(done.stderr.replace("│", " ").split())
    assert f"'--sampling': {float(rate):g} must be 5000 to 100000 samples a second" in said


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf"])
@pytest.mark.parametrize("option", ["--rate", "--area", "--power", "--link"])
@pytest.mark.parametrize("command", [["new", "mine"], ["explore"]])
def test_amounts_are_finite_and_above_zero(command: list[str], option: str, value: str) -> None:
    done = CliRunner().invoke(app, [*command, "--channels", "2", option, value])
    assert done.exit_code == 2
    said = " ".join(done.stderr.replace("│", " ").split())
    assert f"'{option}': {value} must be a finite number above 0" in said


@pytest.mark.usefixtures("quick")
def test_what_is_being_done_is_told(tmp_path: Path) -> None:
    asked = ["new", "mine", "--channels", "1000", "--rate", "300", "--to", str(tmp_path)]
    done = CliRunner().invoke(app, [*asked, "--json"])
    assert done.stdout.startswith("{")
    drafting_line, pricing_line = done.stderr.splitlines()
    assert drafting_line == "drafting an encoder for 1000 channels at 300 spikes/s each"
    assert pricing_line.startswith("pricing it at fold 1: ")


def test_ctrl_c_does_not_claim_to_have_kept_a_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(new, "draft_for", stopped)
    done = CliRunner().invoke(app, ["new", "mine", "--channels", "2", "--to", str(tmp_path)])
    assert done.exit_code == 130
    assert done.stderr == "stopped before it was done: the same command begins anew\n"


def test_a_recording_gives_rate_noise_and_polarity(tmp_path: Path) -> None:
    """Spikes of 140 to 320 µV below zero in white noise of 8 µV, of which the band from 300 to 6000 Hz leaves 5."""
    folder = tmp_path / "raw"
    recorded(traces(6, 4.0)).save(folder=folder, verbose=False, progress_bar=False)
    found = survey(folder, Description(), draft("mine", Wishes(1)).design)
    assert (found.channels, found.sampling_rate_hz, found.unit, found.placed) == (6, 30000.0, "uV", True)
    assert found.negative
    assert found.noise == pytest.approx(8 * (5700 / 15000) ** 0.5, rel=0.1)
    assert 150 < found.largest < 400
    made = draft("mine", Wishes(6, found.rate_hz), found)
    assert made.design.adc.lsb * 511 == pytest.approx(1.3 * found.largest, rel=0.01)
    assert made.design.recording.polarity == "negative"
    assert "Noise of" in made.reasons["adc.bits"]


def test_a_file_says_what_its_design_says(tmp_path: Path) -> None:
    for name in ("tiny", "lite_probe", "neuropixels_narrow"):
        design = load_design(ROOT / f"designs/{name}.toml")
        file = tmp_path / f"{name}.toml"
        file.write_text(design_text(design, "A copy.", {"hardware.fold": "So be it."}))
        assert load_design(file) == design
        assert "# So be it.\nfold" in file.read_text()
