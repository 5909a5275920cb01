"""A search for designs: what may be chosen, which trials are the best, and how one becomes a design file."""

import json
import signal
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flow.cli import app
from flow.explore import study as searching
from flow.explore.figure import front_figure
from flow.explore.front import Exploration, Point, Question, dominates, page_of, text_of, with_best
from flow.explore.interrupts import kept_interrupts
from flow.explore.run import FRONT
from flow.explore.space import FAMILIES, KIND, choices_of, made, neighbours_of, said, values_of
from flow.explore.study import Search, exploration, explored, open_study
from flow.explore.trial import Figures
from flow.report.drawing.figures import style, svg
from spikecae.__main__ import signals_interrupt
from spikecae.design import Design, Linear, load_design
from tests.flow.conftest import ROOT


@pytest.fixture(scope="module")
def lite() -> Design:
    return load_design(ROOT / "designs/lite.toml")


def figures(sndr: float = 20.0, bits: float = 25.0, energy: float = 7.0, area: float = 0.8) -> Figures:
    return Figures(
        sndr_db=sndr,
        bits_per_spike=bits,
        nj_per_spike=energy,
        area_mm2=area,
        cycles_per_block=256,
        spikes_per_s_within_limit=10_000.0,
    )


def point(number: int, found: Figures, within: bool = True) -> Point:
    return Point(number=number, design={}, chosen={}, figures=found, encoders=1, within=within, start=number == 0)


@pytest.mark.parametrize("name", ["lite", "lite_probe", "tiny", "neuropixels_narrow"])
def test_the_start_is_among_the_choices(name: str) -> None:
    base = load_design(ROOT / f"designs/{name}.toml")
    kind, values = base.encoder.kind, values_of(base)
    for choice in choices_of(kind, base):
        assert said(base, choice.key) in choice.values
    chosen = {key.split(": ")[-1]: value for key, value in values.items()}
    again = made(base, chosen, epochs=base.training.epochs)
    assert again.encoder == base.encoder
    assert again.hardware == base.hardware
    assert again.quantization == base.quantization
    assert again.codebook == base.codebook


def test_neighbours_differ_by_one_step(lite: Design) -> None:
    """``lite`` has 16 classes at fold 8: next to these are 8 and 32, and 4 and 16."""
    start = values_of(lite)
    changed = [{key: value for key, value in near.items() if value != start[key]} for near in neighbours_of(lite)]
    assert all(len(change) == 1 for change in changed)
    (kind, _) = FAMILIES
    for key, values in (("codebook.codewords", {8, 32}), ("hardware.fold", {4, 16}), ("weight_bits", {6})):
        assert {change[f"{kind}: {key}"] for change in changed if f"{kind}: {key}" in change} == values


def test_another_kind_of_encoder_takes_nothing_along_that_it_lacks(lite: Design) -> None:
    linear, network = FAMILIES
    values = {choice.key: choice.values[-1] for choice in choices_of(network, lite)}
    design = made(lite, {KIND: network, **values, "encoder.groups": 16}, epochs=3)
    assert design.training.epochs == 3
    assert design.encoder.kind == network
    back = made(design, {KIND: linear, **{c.key: c.values[0] for c in choices_of(linear, design)}}, epochs=3)
    assert Linear.of(back.encoder).joint is False
    assert back.recording == lite.recording


def test_best_is_what_nothing_within_the_limits_dominates() -> None:
    """By hand: 1 is better than 0 in one and worse in none; 2 is the best, and exceeds a limit; 3 is worse than 0."""
    points = [
        point(0, figures()),
        point(1, figures(energy=6.0)),
        point(2, figures(sndr=30.0, energy=1.0), within=False),
        point(3, figures(sndr=19.0)),
        point(4, figures(sndr=19.0, bits=20.0)),
    ]
    assert dominates(points[1], points[0])
    assert not dominates(points[0], points[0])
    assert not dominates(points[4], points[0])
    assert [p.number for p in with_best(points) if p.best] == [1, 4]


def test_limits_are_of_all_encoders_together() -> None:
    """1000 channels at 30 Hz are 30,000 spikes/s: three encoders of 10,000, 210 µW, 833 kbit/s with framing."""
    asked = Question(channels=1000, rate_hz=30.0, area_mm2=2.0, power_uw=210.0, link_kbps=800.0)
    assert asked.encoders(figures()) == 3
    assert asked.excess(figures()) == pytest.approx({"mm²": 3 * 0.8 / 2 - 1, "µW": 0.0, "kbit/s": 750 / 0.9 / 800 - 1})
    assert Question().excess(figures()) == {}
    assert Question().encoders(figures()) == 1


class Workers:
    """In place of a cluster: trials end at once, the fourth one in a fault; the one after ``stop`` is interrupted."""

    def __init__(self, stop: int = 1000) -> None:
        self.stop = stop
        self.designs: list[dict[str, object]] = []

    def nthreads(self) -> dict[str, int]:
        return {"a": 1, "b": 1}

    def submit(self, work: object, content: dict[str, object], data: str, **_: object) -> "Future[dict[str, object]]":
        if len(self.designs) == self.stop:
            raise KeyboardInterrupt
        design = Design.model_validate(content)
        self.designs.append(content)
        future: Future[dict[str, object]] = Future()
        if len(self.designs) == 4:
            future.set_exception(ValueError("no such width"))
        else:
            encoder = Linear.of(design.encoder)
            found = figures(encoder.features, encoder.bits_per_spike, encoder.features, 1 / design.hardware.fold)
            future.set_result(found.model_dump())
        return future


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    import dask.distributed

    class Waited:
        def __init__(self, futures: list[object]) -> None:
            self.done = futures[:1]

    monkeypatch.setattr(dask.distributed, "wait", lambda futures, **_: Waited(futures))
    monkeypatch.setattr(searching, "code_hashes", lambda *_: {})


def never() -> None:
    """Nobody interrupts."""


@pytest.mark.usefixtures("quick")
def test_a_search_that_is_stopped_goes_on(lite: Design, tmp_path: Path) -> None:
    search = Search(lite, tmp_path, "hash", "spikes", Question(area_mm2=0.5), FAMILIES[:1], 3)
    told: list[Exploration] = []
    first = Workers(stop=6)
    with pytest.raises(KeyboardInterrupt):
        explored(search, open_study(search, tmp_path), first, 12, told.append, never)  # type: ignore[arg-type]
    before = exploration(search, open_study(search, tmp_path))
    assert before.failed == 1
    assert told[-1].trials == before.trials
    second = Workers()
    found = explored(search, open_study(search, tmp_path), second, 20, told.append, never)  # type: ignore[arg-type]
    assert len(found.trials) == 20
    assert found.trials[: len(before.trials)] == with_same_best(before.trials, found.trials)
    assert found.start is not None
    assert Design.model_validate(found.start.design) == lite
    done = [*(p.design for p in before.trials), first.designs[3]]
    pending = [design for design in first.designs if design not in done]
    assert pending
    assert all(design in second.designs for design in pending)
    assert all(p.within == (1 / Design.model_validate(p.design).hardware.fold <= 0.5) for p in found.trials)
    with style():
        figure = svg(front_figure(found))
    page = page_of(found, figure, "adopt")
    assert "<svg" in page
    for best in found.front:
        assert f"{best.figures.sndr_db:.2f}" in text_of(found, "adopt")
        assert f"<td>{best.number}</td>" in page


def with_same_best(points: list[Point], others: list[Point]) -> list[Point]:
    return [p.model_copy(update={"best": other.best}) for p, other in zip(points, others, strict=False)]


@pytest.mark.usefixtures("quick")
def test_a_start_that_cannot_be_tried_is_told_and_tried_again(lite: Design, tmp_path: Path) -> None:
    search = Search(lite, tmp_path, "hash", "spikes", Question(), FAMILIES[:1], 3)
    broken = Workers()
    broken.designs = [{}] * 3  # the next one is the fourth
    with pytest.raises(ValueError, match="the design itself cannot be tried: ValueError: no such width"):
        explored(search, open_study(search, tmp_path), broken, 2, lambda _: None, never)  # type: ignore[arg-type]
    found = explored(search, open_study(search, tmp_path), Workers(), 2, lambda _: None, never)  # type: ignore[arg-type]
    assert found.start is not None


def test_an_interrupt_that_a_library_dropped_ends_the_search(lite: Design, tmp_path: Path, monkeypatch) -> None:
    import dask.distributed

    def drop(*_: object, **__: object) -> object:
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        raise TimeoutError  # no worker is left

    monkeypatch.setattr(dask.distributed, "wait", drop)
    search = Search(lite, tmp_path, "hash", "spikes", Question(), FAMILIES[:1], 3)
    study = open_study(search, tmp_path)
    # Where the tests run in the background, interrupts are ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), kept_interrupts() as check:
            explored(search, study, Workers(), 2, lambda _: None, check)  # type: ignore[arg-type]
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def _dropped(number: signal.Signals, check: Callable[[], None]) -> None:
    with suppress(KeyboardInterrupt):
        signal.raise_signal(number)
    check()


def test_a_signal_that_a_library_dropped_ends_the_search_too() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        with pytest.raises(SystemExit) as ended, signals_interrupt(), kept_interrupts() as check:
            _dropped(signal.SIGTERM, check)
        assert ended.value.code == 128 + signal.SIGTERM
    finally:
        signal.signal(signal.SIGTERM, before)


def test_interrupts_that_are_ignored_still_are() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with kept_interrupts() as check:
            signal.raise_signal(signal.SIGINT)
            check()
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_trial_becomes_a_design_file(lite: Design, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "build" / "lite" / "explore"
    folder.mkdir(parents=True)
    (tmp_path / "designs").mkdir()
    (tmp_path / "designs/lite.toml").write_text((ROOT / "designs/lite.toml").read_text())
    chosen = {KIND: FAMILIES[0], "codebook.codewords": 8, "hardware.fold": 4}
    content = made(lite, chosen, epochs=1).model_dump(mode="json", exclude_unset=True)
    tried = point(7, figures()).model_copy(update={"design": content, "chosen": chosen})
    found = Exploration(base="lite", data="spikes", question=Question(), trials=[tried], failed=0)
    (folder / FRONT).write_text(found.model_dump_json())
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["adopt", "7", "--name", "lite_7", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["files"] == ["designs/lite_7.toml"]
    design = load_design(Path("designs/lite_7.toml"))
    assert design.codebook.codewords == 8
    assert design.hardware.fold == 4
    assert design.encoder == lite.encoder
    text = Path("designs/lite_7.toml").read_text()
    assert "Trial 7 around lite" in text
    assert "# lite has 16.\ncodewords = 8" in text
    missing = CliRunner().invoke(app, ["adopt", "8", "--name", "lite_8"])
    assert "no trial 8 around lite" in str(missing.exception)
