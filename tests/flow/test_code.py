"""The hash of code follows what the code says, and nothing else."""

from pathlib import Path

import pytest

from flow.code import code_hashes, module_file
from flow.layout import SOURCES

PART = '''\
"""A part."""

LIMIT = 3


def f(x: int) -> int:
    """Doubles."""
    return 2 * x  # twice
'''
EXPERIMENT = '''\
"""An experiment."""

from experiments import drawn
from experiments.helper import helped, other
from rtl.part import f

FACTOR = 2
COLOURS = {"a": "red"}
COLOURS["b"] = "blue"


def run(x):
    return helped(FACTOR * f(x))


def figure(rows):
    return drawn.draw(rows, other, COLOURS)
'''
HELPER = """\
STEP = 1


def helped(x):
    return x + STEP


def other(x):
    return x
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two packages: one that counts as a whole, one of which only that counts which is used."""
    files = {
        "rtl/__init__.py": "",
        "rtl/entry.py": "def run():\n    from rtl.part import f\n    return f(1), 'page.html'\n",
        "rtl/part.py": PART,
        "rtl/page.html": "<p>",
        "rtl/unused.html": "<p>",
        "experiments/__init__.py": "",
        "experiments/a.py": EXPERIMENT,
        "experiments/helper.py": HELPER,
        "experiments/drawn.py": "def draw(*things):\n    return things\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


def stage(root: Path) -> dict[str, str]:
    return code_hashes(module_file("rtl.entry", root), root)


def experiment(root: Path, name: str = "run") -> dict[str, str]:
    return code_hashes(root / "experiments/a.py", root, name)


def edit(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert text.count(before) == 1
    path.write_text(text.replace(before, after))


@pytest.mark.parametrize(
    ("entry", "reached", "not_reached"),
    [
        ("flow.stages.train", "model/autoencoder/vector_quantizer.py", "quantize/fold.py"),
        ("flow.stages.quantize", "quantize/fold.py", "rtl/emit.py"),
        ("flow.stages.rtl", "rtl/units/requantizer.py", "model/training/train.py"),
        ("flow.stages.sim", "sim/harness.cpp", "model/training/train.py"),
    ],
)
def test_a_stage_depends_on_the_code_it_imports(entry: str, reached: str, not_reached: str) -> None:
    files = code_hashes(module_file(entry, SOURCES), SOURCES)
    assert reached in files
    assert not_reached not in files
    assert "flow/runner.py" not in files


def test_imports_in_functions_and_files_that_are_named_count(root: Path) -> None:
    assert sorted(stage(root)) == ["rtl/__init__.py", "rtl/entry.py", "rtl/page.html", "rtl/part.py"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("  # twice", "  # two times"),
        ('"""Doubles."""', '"""Gives twice as much."""'),
        ('    """Doubles."""\n', ""),
        ('"""A part."""\n\n', ""),
        ("LIMIT = 3\n", 'LIMIT = 3\n"""Of nothing."""\n'),
        ("2 * x", "(2\n        * x)"),
        ("x: int", "x:  int"),
    ],
)
def test_comments_docstrings_and_layout_say_nothing(root: Path, before: str, after: str) -> None:
    hashes = stage(root)
    edit(root / "rtl/part.py", before, after)
    assert stage(root) == hashes


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("rtl/part.py", "LIMIT = 3", "LIMIT = 4"),
        ("rtl/part.py", "LIMIT = 3", "LIMIT = 3.0"),
        ("rtl/part.py", "2 * x", "x * 2"),
        ("rtl/part.py", "x: int", "x: float"),
        ("rtl/part.py", "f(x: int)", "f(x: int = None)"),
        ("rtl/page.html", "<p>", "<p> "),
    ],
)
def test_everything_else_does(root: Path, file: str, before: str, after: str) -> None:
    hashes = stage(root)
    edit(root / file, before, after)
    changed = stage(root)
    assert [name for name in hashes if changed[name] != hashes[name]] == [file]


def test_a_file_that_nobody_names_does_not_count(root: Path) -> None:
    hashes = stage(root)
    edit(root / "rtl/unused.html", "<p>", "<b>")
    assert stage(root) == hashes


def test_a_run_depends_on_what_it_uses(root: Path) -> None:
    hashes = experiment(root)
    assert sorted(hashes) == [
        *("experiments/__init__.py", "experiments/a.py", "experiments/helper.py"),
        *("rtl/__init__.py", "rtl/part.py"),
    ]
    edit(root / "experiments/a.py", "return drawn.draw(rows, other, COLOURS)", "return drawn.draw(rows[1:])")
    edit(root / "experiments/helper.py", "return x\n", "return -x\n")
    assert experiment(root) == hashes, "a figure, and a helper of figures"
    edit(root / "experiments/a.py", "FACTOR = 2", "FACTOR = 3")
    assert experiment(root) != hashes


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [("experiments/helper.py", "STEP = 1", "STEP = 2"), ("rtl/part.py", "LIMIT = 3", "LIMIT = 4")],
)
def test_a_run_depends_on_what_its_helpers_use(root: Path, file: str, before: str, after: str) -> None:
    hashes = experiment(root)
    edit(root / file, before, after)
    assert experiment(root) != hashes


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("experiments/a.py", '"blue"', '"green"'),
        ("experiments/helper.py", "return x\n", "return -x\n"),
        ("experiments/drawn.py", "return things", "return things[0]"),
    ],
)
def test_a_figure_depends_on_entries_and_on_modules_taken_whole(root: Path, file: str, before: str, after: str) -> None:
    hashes = experiment(root, "figure")
    edit(root / file, before, after)
    assert experiment(root, "figure") != hashes


def test_what_is_not_there_is_told(root: Path) -> None:
    with pytest.raises(ValueError, match=r"a\.py: no walk at the top"):
        experiment(root, "walk")
    with pytest.raises(FileNotFoundError, match=r"no module rtl\.other"):
        module_file("rtl.other", root)


def test_kinds_of_stages_count_although_no_import_names_them() -> None:
    """Rooms that import all their files are followed to all of them."""
    hashes = code_hashes(module_file("flow.stages.rtl", SOURCES), SOURCES)
    for room in ("rtl/stages", "spikecae/stages"):
        assert {f"{room}/{kind}.py" for kind in ("pool", "residual", "huffman")} <= hashes.keys()
    assert "spikecae/golden/pool.py" in code_hashes(module_file("flow.stages.sim", SOURCES), SOURCES)
    assert "quantize/stages/pool.py" in code_hashes(module_file("flow.stages.quantize", SOURCES), SOURCES)
