"""``python -m benchmarks.training``: training speed beside a plain eager PyTorch loop of the same network.

The plain loop has PyTorch's own one-dimensional layers, the unfused optimizer, float32, and nothing else that
:mod:`model.training.train` does for speed; ours is timed in float32 too. All make the same step on the same batch, in
turns, so that what else the machine does meets all. The share of matrix-product speed counts the multiply-accumulates
of convolutions and search, and is of a product in the decoder's precision.
"""

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import torch
import typer
from torch import Tensor, nn
from torch.nn import functional

from model.autoencoder.network import Autoencoder
from model.device import has_bfloat16
from spikecae.design import Design, ResNeXt, load_design

__all__ = ["Plain", "macs_per_block", "measure", "steps"]

WARM_UP = 2
MATRIX = 768
"""Rows and columns of the measured matrix product."""
BACKWARD = 3
"""A training step's products: forward, gradient of the input, gradient of the weights."""


class Plain(nn.Module):
    """The same network with ``nn.Conv1d``, ``nn.ConvTranspose1d``, ``nn.BatchNorm1d`` and ``nn.MaxPool1d``."""

    def __init__(self, design: Design) -> None:
        super().__init__()
        shape, rate = ResNeXt.of(design.encoder), design.training.dropout
        wide, narrow, groups, kernel = shape.channels, shape.bottleneck, shape.groups, shape.kernel
        self.pools = shape.pools
        self.input = nn.Sequential(nn.Conv1d(design.block.spikes, wide, 1, bias=False), nn.BatchNorm1d(wide), nn.ReLU())
        encoder = [
            nn.Sequential(
                nn.Conv1d(wide, narrow, 1, groups=groups, bias=False),
                nn.BatchNorm1d(narrow),
                nn.ReLU(),
                nn.Conv1d(narrow, narrow, kernel, padding=kernel // 2, groups=groups, bias=False),
                nn.BatchNorm1d(narrow),
                nn.ReLU(),
                nn.Dropout(rate),
                nn.Conv1d(narrow, wide, 1, groups=groups, bias=False),
                nn.BatchNorm1d(wide),
            )
            for _ in self.pools
        ]
        decoder = [
            nn.Sequential(
                nn.ConvTranspose1d(wide, wide, kernel, padding=kernel // 2, bias=False),
                nn.BatchNorm1d(wide),
                nn.ReLU(),
                nn.Dropout(rate),
                nn.ConvTranspose1d(wide, wide, kernel, padding=kernel // 2, bias=False),
                nn.BatchNorm1d(wide),
                nn.Dropout(rate),
            )
            for _ in self.pools
        ]
        self.encoder = nn.ModuleList(encoder[:1] * len(encoder) if shape.share_blocks else encoder)
        self.decoder = nn.ModuleList(decoder[:1] * len(decoder) if shape.share_blocks else decoder)
        self.project = nn.Sequential(
            nn.Conv1d(wide, shape.features, 1, bias=False), nn.BatchNorm1d(shape.features), nn.Dropout(rate)
        )
        length = design.latent_samples
        self.codebook = nn.Parameter(torch.empty(design.codebook.codewords, length).uniform_(-1 / length, 1 / length))
        self.widen = nn.Sequential(
            nn.Conv1d(shape.features, wide, 1, bias=False), nn.BatchNorm1d(wide), nn.ReLU(), nn.Dropout(rate)
        )
        self.output = nn.Conv1d(wide, design.block.spikes, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Output ``[B, M, D]``, commitment and codebook loss."""
        x = self.input(x)
        for block, pool in zip(self.encoder, self.pools, strict=True):
            x = functional.max_pool1d(functional.relu(block(x) + x), pool)
        latents = self.project(x)
        chosen = functional.embedding(torch.cdist(latents.detach(), self.codebook.detach()).argmin(-1), self.codebook)
        commitment = (latents - chosen.detach()).square().sum(-1).mean()
        moved = (latents.detach() - chosen).square().sum(-1).mean()
        x = self.widen(latents + (chosen - latents).detach())
        for block, pool in zip(self.decoder, reversed(self.pools), strict=True):
            x = functional.interpolate(x, scale_factor=pool)
            x = functional.relu(block(x) + x)
        return self.output(x), commitment, moved


def macs_per_block(design: Design) -> int:
    """Multiply-accumulates of convolutions and codebook search, forward, for one block of M spikes."""
    shape, samples, spikes = ResNeXt.of(design.encoder), design.block.samples, design.block.spikes
    grouped = 2 * shape.channels * shape.bottleneck // shape.groups
    grouped += shape.bottleneck**2 * shape.kernel // shape.groups
    total = spikes * shape.channels * samples  # input
    length = samples
    for pool in shape.pools:
        total += grouped * length
        length //= pool
    total += 2 * shape.channels * shape.features * length  # projection, and its reverse
    total += shape.features * design.codebook.codewords * length
    for pool in reversed(shape.pools):
        length *= pool
        total += 2 * shape.channels**2 * shape.kernel * length
    return total + shape.channels * spikes * samples  # output


def steps(design: Design, batch: Tensor, half: bool) -> tuple[Callable[[], None], Callable[[], None]]:
    """One training step of ours (paper's losses; ``half``: decoder in bfloat16) and one of the plain loop.

    Both on ``batch`` ``[B, M, D]``.
    """
    torch.manual_seed(design.training.seed)
    ours, plain = Autoencoder(design).train(), Plain(design).train()
    rate, decay = design.training.learning_rate, design.training.weight_decay
    fused = torch.optim.Adam(ours.parameters(), rate, weight_decay=decay, amsgrad=True, fused=True)
    looped = torch.optim.Adam(plain.parameters(), rate, weight_decay=decay, amsgrad=True, foreach=False)

    def ours_step() -> None:
        quantized = ours.quantizer(ours.encoder(batch))
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            output = ours.decoder(quantized.values)
        loss = (output.float() - batch).square().sum() / len(batch)
        _descend(loss + design.training.commitment * quantized.commitment + quantized.codebook, fused)

    def plain_step() -> None:
        output, commitment, moved = plain(batch)
        loss = (output - batch).square().sum() / len(batch)
        _descend(loss + design.training.commitment * commitment + moved, looped)

    return ours_step, plain_step


def _descend(loss: Tensor, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()
    torch.autograd.backward(loss)
    optimizer.step()


def measure(design: Design, rounds: int) -> dict[str, float | int | str]:
    """Medians over ``rounds`` turns: spikes per second, ratios to the plain loop, and the share of matrix speed."""
    batch = torch.randn(design.training.batch, design.block.spikes, design.block.samples)
    half = has_bfloat16(batch.device)
    precision = torch.bfloat16 if half else torch.float32
    left, right = (torch.randn(MATRIX, MATRIX).to(precision) for _ in range(2))
    ours, plain = steps(design, batch, half)
    full, _ = steps(design, batch, half=False)
    works: dict[str, Callable[[], object]] = {
        "ours": ours,
        "float32": full,
        "plain": plain,
        "matrix": lambda: torch.mm(left, right),
    }
    times: dict[str, list[float]] = {name: [] for name in works}
    for round_ in range(WARM_UP + rounds):
        for name, work in works.items():
            started = time.perf_counter()
            work()
            if round_ >= WARM_UP:
                times[name].append(time.perf_counter() - started)
    ours_s, plain_s, matrix_s = (statistics.median(times[name]) for name in ("ours", "plain", "matrix"))
    spikes = design.training.batch * design.block.spikes
    macs = BACKWARD * design.training.batch * macs_per_block(design)
    return {
        "schema_version": 1,
        "design": design.name,
        "threads": torch.get_num_threads(),
        "torch_version": str(torch.__version__),
        "decoder_precision": str(precision).removeprefix("torch."),
        "rounds": rounds,
        "ours_spikes_per_s": round(spikes / ours_s, 1),
        "plain_spikes_per_s": round(spikes / plain_s, 1),
        "ratio": _ratio(times["plain"], times["ours"]),
        "ratio_in_float32": _ratio(times["plain"], times["float32"]),
        "matrix_gmac_per_s": round(MATRIX**3 / matrix_s / 1e9, 2),
        "ours_gmac_per_s": round(macs / ours_s / 1e9, 2),
        "share_of_matrix_speed": round(macs / ours_s / (MATRIX**3 / matrix_s), 3),
    }


def _ratio(slow: list[float], fast: list[float]) -> float:
    return round(statistics.median(s / f for s, f in zip(slow, fast, strict=True)), 3)


def main(
    design: Annotated[Path, typer.Argument(help="design file")] = Path("designs/wave_clus.toml"),
    rounds: Annotated[int, typer.Option(help="steps of each that are timed")] = 15,
) -> None:
    """Print the measurement as JSON."""
    typer.echo(json.dumps(measure(load_design(design), rounds), indent=1))


if __name__ == "__main__":
    typer.run(main)
