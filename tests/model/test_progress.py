import io

from rich.console import Console

from model.training.progress import progress_line
from model.training.train import EpochResult


def shown(terminal: bool, epochs: int) -> str:
    file = io.StringIO()
    with progress_line("tiny", Console(file=file, force_terminal=terminal, width=120)) as show:
        for epoch in range(1, epochs + 1):
            show(EpochResult(epoch, epochs, loss=12.345, sndr_mean_db=14.5, entropy_bits=3.75, codewords_used=16))
    return file.getvalue()


def test_terminal_shows_one_line_with_loss_sndr_and_entropy() -> None:
    text = shown(terminal=True, epochs=3)
    for part in ("train tiny", "3/3", "loss    12.35", "SNDR 14.50 dB", "entropy 3.75 bit", "codewords 16"):
        assert part in text


def test_a_log_gets_ten_lines() -> None:
    lines = [
        line
        for line in shown(terminal=False, epochs=40).splitlines()
        if line.startswith("train tiny ") and "/40  " in line
    ]
    assert len(lines) == 10
    assert lines[-1].startswith("train tiny 40/40  SNDR 14.50 dB  entropy 3.75 bit")
