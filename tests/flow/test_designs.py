"""A design is one that exists; whatever else is asked for touches nothing. ``clean`` removes what stages wrote."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from flow.clean import clean
from flow.layout import find_layout
from flow.runner import StageError
from tests.flow.conftest import ROOT, Flow, run_flow

BAD = ["..", ".", "", "../../x", "../designs/tiny", "designs/tiny", "tiny.toml", "nothing", "TINY", "/", "a b;$(id)"]
COMMANDS = ["train", "quantize", "rtl", "sim", "synth", "place", "power", "codec", "report", "all", "clean"]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A design, something built of it, and a file outside."""
    folder = tmp_path / "outer" / "checkout"
    (folder / "designs").mkdir(parents=True)
    shutil.copy(ROOT / "designs/tiny.toml", folder / "designs")
    (folder / "build/tiny/data").mkdir(parents=True)
    (folder / "build/tiny/data/data.json").write_text("{}")
    (folder.parent / "precious").write_text("mine")
    monkeypatch.chdir(folder)
    return folder


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("design", BAD)
def test_what_is_no_design_is_refused(checkout: Path, design: str) -> None:
    with pytest.raises(ValueError, match="the designs in designs/ are tiny"):
        find_layout(design)


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_touches_anything_for_it(checkout: Path, command: str) -> None:
    before = everything(checkout.parent)
    done = run_flow(checkout, command, "--design", "..")
    assert done.returncode == 1
    assert done.stderr.startswith("error: no design '..'; the designs in designs/ are tiny.")
    assert everything(checkout.parent) == before


def test_the_benchmark_refuses_it_too(checkout: Path) -> None:
    before = everything(checkout.parent)
    command = [sys.executable, "-m", "benchmarks.silicon", "--design", "../x"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "../x" in done.stderr
    assert "neuropixels" in done.stderr
    assert everything(checkout.parent) == before


@pytest.mark.parametrize("build", ["..", "", "a/b", "@", ".", "-x"])
def test_a_build_name_is_no_path(checkout: Path, build: str) -> None:
    with pytest.raises(ValueError, match="no path"):
        find_layout("tiny", build)


def test_a_design_file_is_taken_by_its_path(checkout: Path) -> None:
    (checkout / "mine").mkdir()
    text = (checkout / "designs/tiny.toml").read_text()
    (checkout / "mine/other.toml").write_text(text.replace('name = "tiny"', 'name = "other"'))
    found = find_layout("mine/other.toml", "b")
    assert (found.name, found.build, found.shipped) == ("other", Path("build/other@b"), Path("mine/other"))
    assert found.design.name == "other"
    assert found.make("sim") == "make sim DESIGN=mine/other.toml BUILD=b"
    assert find_layout("designs/tiny.toml").make("rtl") == "make rtl DESIGN=tiny"
    shutil.copy(checkout / "designs/tiny.toml", checkout / "mine")
    assert find_layout("mine/tiny.toml").make("rtl") == "make rtl DESIGN=tiny"  # as it lies beside a codec
    (checkout / "mine/tiny.toml").write_text(text + "# mine")
    with pytest.raises(ValueError, match=r"mine/tiny\.toml has the name of designs/tiny\.toml, and both would use"):
        find_layout("mine/tiny.toml")
    shutil.copy(checkout / "designs/tiny.toml", checkout / "mine/Bad name.toml")
    with pytest.raises(ValueError, match="cannot be a design's name"):
        find_layout("mine/Bad name.toml")


def test_clean_removes_what_stages_wrote_and_says_so(flow: Flow, workspace: Path) -> None:
    build = workspace / "build/tiny"
    (build / "notes.txt").write_text("mine")
    (build / "kept").mkdir()
    (build / "sim").symlink_to(workspace / "designs")
    (build / ".quantize.old").mkdir()
    done = flow("clean")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("removed from build/tiny: .quantize.old, data, model, quantize, stamps (")
    assert " MB); kept, as no stage wrote it: kept, notes.txt, sim\n" in done.stdout
    assert sorted(path.name for path in build.iterdir()) == ["kept", "notes.txt", "sim"]
    assert (workspace / "designs/tiny.toml").is_file()
    assert "nothing to remove in build/tiny; kept" in flow("clean").stdout


def test_clean_leaves_no_empty_folder(flow: Flow, workspace: Path) -> None:
    assert flow("clean").returncode == 0
    assert not (workspace / "build/tiny").exists()
    assert flow("clean").stdout == "nothing to remove: there is no build/tiny\n"


def test_clean_does_not_follow_a_link(checkout: Path) -> None:
    shutil.rmtree(checkout / "build/tiny")
    (checkout / "build/tiny").symlink_to(checkout.parent)
    with pytest.raises(StageError, match=r"build/tiny is a link to .*; nothing was removed"):
        clean(find_layout("tiny"))
    assert (checkout.parent / "precious").is_file()


def test_clean_leaves_a_folder_in_use_alone(checkout: Path) -> None:
    from flow.runner import exclusive

    with exclusive(Path("build/tiny")), pytest.raises(StageError, match="in use by another run"):
        clean(find_layout("tiny"))
    assert (checkout / "build/tiny/data/data.json").is_file()
