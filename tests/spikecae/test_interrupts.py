"""Signals that end a command: it cleans up as after Ctrl-C, and its status names the signal."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from spikecae.__main__ import ENDING, signals_interrupt
from spikecae.design import Design
from tests.random_spec import random_adc
from tests.spikecae.command import ROOT, SHIPPED

ENCODING = """
import os, signal, sys
signal.signal({number}, signal.{before})
from spikecae import __main__, cli
def ended(*_):
    print(sorted(os.listdir()), flush=True)
    os.kill(os.getpid(), {number})
cli.ContainerWriter.close = {close}
sys.argv[1:] = ["encode", "in.npy", "x.scae", "--spec", {spec!r}]
__main__.main()
"""


def encoded(number: int, folder: Path, before: str, close: str) -> subprocess.CompletedProcess[str]:
    text = ENCODING.format(number=int(number), before=before, close=close, spec=str(SHIPPED))
    return subprocess.run(
        [sys.executable, "-c", text],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("number", ENDING)
def test_no_unfinished_file_stays(number: signal.Signals, tiny: Design, tmp_path: Path) -> None:
    np.save(tmp_path / "in.npy", random_adc(tiny, 4, seed=1))
    done = encoded(number, tmp_path, "SIG_DFL", "ended")
    assert done.returncode == 128 + number
    assert ".x.scae." in done.stdout
    assert "Traceback" not in done.stderr
    assert os.listdir(tmp_path) == ["in.npy"]


def test_a_signal_that_is_ignored_still_is(tiny: Design, tmp_path: Path) -> None:
    np.save(tmp_path / "in.npy", random_adc(tiny, 4, seed=1))
    close = "lambda self, close=cli.ContainerWriter.close: ended() or close(self)"
    done = encoded(signal.SIGHUP, tmp_path, "SIG_IGN", close)
    assert done.returncode == 0, done.stderr
    assert sorted(os.listdir(tmp_path)) == ["in.npy", "x.scae"]


def test_a_fork_ends_as_before_and_cleans_up_nothing(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    kept = tmp_path / "of_the_parent"
    kept.touch()
    try:
        with signals_interrupt():
            child = os.fork()
            if child == 0:
                try:
                    os.kill(os.getpid(), signal.SIGTERM)
                finally:
                    kept.unlink()
                    os._exit(0)
            _, status = os.waitpid(child, 0)
        assert os.WTERMSIG(status) == signal.SIGTERM
        assert kept.exists()
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGTERM, before)
