"""Errors in words, and which of them are the program's own fault."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from spikecae import cli
from spikecae.design import Adc, Design
from spikecae.errors import FAILED, INTERNAL, InputError, describe, report, sentence
from tests.random_spec import random_adc
from tests.spikecae.command import SHIPPED, Run


def fault(**arguments: object) -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        Adc(**arguments)
    return caught.value


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (InputError("x: 3 is too much; take 2"), "x: 3 is too much; take 2"),
        (FileNotFoundError(errno.ENOENT, "No such file", "a.npy"), "a.npy: there is no such file or folder; check"),
        (FileNotFoundError("no encoder spec in x; make it"), "no encoder spec in x; make it"),
        (PermissionError(errno.EACCES, "denied", b"a\xff"), "a\udcff: not allowed; check its permissions"),
        (OSError(errno.ENOSPC, "full", "x.scae"), "x.scae: no space is left on its disk; free some, or write"),
        (OSError(errno.ENOSPC, "full"), "no space is left on its disk"),
        (OSError(errno.EIO, "Input/output error", "x"), "x: its disk fails to read or write it"),
        (OSError(errno.EBADMSG, "Bad message", "x"), "Bad message"),
        (MemoryError(), "not enough memory: a piece of work does not fit; end other programs"),
        (ModuleNotFoundError("No module", name="rich.console"), "'rich' is missing; install it with: pip install rich"),
    ],
)
def test_what_a_user_can_mend_is_told(error: Exception, expected: str) -> None:
    told = describe(error)
    assert told is not None
    assert expected in told


def test_a_validation_is_a_sentence_for_each_fault() -> None:
    assert describe(fault(bits=10, lsb=0.0)) == "lsb = 0.0: input should be greater than 0"
    told = sentence(fault(bits="x" * 500, color="red"))
    assert "lsb: missing; add it" in told
    assert "color = 'red': unknown key; remove it or correct its name" in told
    assert "… (502 characters): input should be a valid integer" in told
    assert len(told) < 300
    told = sentence(fault(**{"k" * 999: 1, "a\nb": 10**5000}))
    assert f"{'k' * 80}… = 1: unknown key" in told
    assert r"'a\nb' = a number that is too long: unknown key" in told


@pytest.mark.parametrize(
    "error",
    [
        ValueError("operands could not be broadcast"),
        KeyError("x"),
        TypeError("x"),
        RuntimeError("x"),
        ModuleNotFoundError("No module", name="spikecae.codec.gone"),
    ],
)
def test_the_rest_is_the_programs_own_fault(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    assert describe(error) is None
    assert report(error, ["spikecae", "encode", "a b.npy"]) == INTERNAL == 70
    said = capsys.readouterr().err
    assert said.startswith("error: spikecae 0.1.0 failed inside: " + type(error).__name__)
    assert "Please report it" in said
    assert "SPIKECAE_DEBUG=1 spikecae encode 'a b.npy'" in said
    assert "Traceback" not in said


def test_tracebacks_come_on_request(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("SPIKECAE_DEBUG", "1")
    for error, status in ((InputError("too much"), FAILED), (KeyError("x"), INTERNAL)):
        assert report(error, ["spikecae"]) == status
        said = capsys.readouterr().err
        assert type(error).__name__ in said
        assert "error: " in said


def test_the_command_reports_its_own_faults(
    run: Run, tiny: Design, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "in.npy", random_adc(tiny, 4, seed=1))
    (tmp_path / "x.scae").touch()

    def broken(*_: object, **__: object) -> None:
        raise ValueError("shapes (3,) and (4,) do not align")

    monkeypatch.setattr(cli, "Encoder", broken)
    said = run("encode", "in.npy", "x.scae", "--spec", SHIPPED, status=INTERNAL)
    assert "failed inside: ValueError: shapes (3,) and (4,) do not align" in said
    assert f"SPIKECAE_DEBUG=1 spikecae encode in.npy x.scae --spec {SHIPPED}" in said
    assert (tmp_path / "x.scae").read_bytes() == b""
    assert sorted(os.listdir(tmp_path)) == ["in.npy", "x.scae"]


def test_an_interrupted_command_leaves_the_old_file(
    run: Run, tiny: Design, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "in.npy", random_adc(tiny, 4, seed=1))
    run("encode", "in.npy", "x.scae", "--spec", SHIPPED)
    old = (tmp_path / "x.scae").read_bytes()

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.ContainerWriter, "close", interrupted)
    run("encode", "in.npy", "x.scae", "--spec", SHIPPED, "--blocks-per-packet", 1, status=130)
    assert (tmp_path / "x.scae").read_bytes() == old
    assert sorted(os.listdir(tmp_path)) == ["in.npy", "x.scae"]
