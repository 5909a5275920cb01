"""Training of the autoencoder.

``paper``: summed squared error + 0.15 · commitment + codebook term, Adam (AMSGrad), constant learning rate.
``best``: the codebook follows the latents by exponential averages and dead codewords are revived, the learning rate
falls as a cosine, queues are formed anew from the channel's spikes every epoch, and the decoder's products are
bfloat16 where the machine has it.
Either way the epoch is picked on the validation split.
"""

import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from model.autoencoder.network import Autoencoder
from model.checkpoint import Checkpoint, load_checkpoint, network_hash, save_checkpoint
from model.datasets.spikes import SpikeDataset, Split
from model.datasets.synthetic import command_to_train
from model.device import has_bfloat16, thread_count, training_device
from model.evaluation import Evaluation, evaluate
from model.files import read_tensors, write_tensors
from model.normalization import Normalization, fit_normalization
from model.training.augmentation import regroup
from model.training.codebook_average import CodebookAverage
from model.training.training_report import Quality, TrainingReport, save_report
from spikecae.design import Design

__all__ = ["EpochResult", "train"]

SAVE_EVERY = 10
"""Epochs between saves of the state that an interrupted run continues from."""
REVIVE_UNTIL = 0.7
"""Share of the epochs after which codewords are no longer revived, so that the codebook can settle."""
REVIVE_POOL = 4096
"""Latent rows kept of an epoch to revive codewords from."""


@dataclass(frozen=True)
class EpochResult:
    """Progress after ``epoch`` (counted from 1) of ``epochs``: mean training loss per block, and validation figures."""

    epoch: int
    epochs: int
    loss: float
    sndr_mean_db: float
    entropy_bits: float
    codewords_used: int


def train(
    design: Design,
    dataset: SpikeDataset,
    out_dir: Path,
    epochs: int | None = None,
    progress: Callable[[EpochResult], None] | None = None,
    start: Path | None = None,
) -> TrainingReport:
    """Train ``design`` on ``dataset``; write ``checkpoint.safetensors`` and ``metrics.json`` into ``out_dir``.

    An interrupted run leaves ``state.safetensors`` there; the same call again continues from it, to the result that it
    would have had. A state of other settings or data is ignored.

    Args:
        design: the network and the recipe.
        dataset: the spikes; only the training split is fitted, the validation split picks the epoch.
        out_dir: made if need be.
        epochs: in place of the design's.
        progress: called after every epoch.
        start: a checkpoint whose network and codewords the training begins with, in place of random ones. They are kept
            where no epoch is better on the validation split. The normalization is that of the new spikes.

    Raises:
        ValueError: the training spikes cannot be normalized, or ``start`` is of another network.
    """
    started = time.monotonic()
    torch.set_num_threads(thread_count())
    run = _Run(design, dataset, epochs or design.training.epochs, start)
    state_path = out_dir / "state.safetensors"
    run.resume(state_path)
    before = run.wall_s
    while run.epoch < run.epochs:
        loss = run.train_epoch()
        figures = run.validate()
        run.wall_s = before + time.monotonic() - started
        if run.epoch % SAVE_EVERY == 0:
            run.save(state_path)
        if progress is not None:
            progress(
                EpochResult(
                    epoch=run.epoch,
                    epochs=run.epochs,
                    loss=loss,
                    sndr_mean_db=figures.sndr.mean_db,
                    entropy_bits=figures.entropy_bits,
                    codewords_used=figures.codewords_used,
                )
            )
    checkpoint_path = out_dir / "checkpoint.safetensors"
    run.model.load_state_dict(run.best)
    save_checkpoint(checkpoint_path, design, Checkpoint(run.model, run.normalization, run.best_epoch))
    stored = load_checkpoint(checkpoint_path, design)  # the report is of the weights as stored
    report = TrainingReport(
        design=design.name,
        network_sha256=network_hash(design),
        data=dataset.source,
        data_sha256=run.data_hash,
        provenance=dataset.provenance,
        unit=dataset.unit,
        clipped_samples=dataset.clipped_samples,
        total_samples=dataset.total_samples,
        recipe=design.training.recipe,
        seed=design.training.seed,
        epochs=run.epochs,
        best_epoch=run.best_epoch,
        train_blocks=len(dataset.train),
        codewords=design.codebook.codewords,
        validation=_quality(stored, dataset.validation, design),
        test=_quality(stored, dataset.test, design),
        train_wall_s=round(before + time.monotonic() - started, 1),
        threads=torch.get_num_threads(),
        device=run.device.type,
        decoder_precision=run.precision,
        torch_version=str(torch.__version__),
        repeat_with=command_to_train(design, dataset.source, run.epochs, from_shipped=start is not None),
    )
    save_report(out_dir / "metrics.json", report)
    state_path.unlink(missing_ok=True)
    return report


class _Run:
    """A training run between two epochs. Everything random is drawn from the seed and the epoch's number."""

    def __init__(self, design: Design, dataset: SpikeDataset, epochs: int, start: Path | None) -> None:
        self.design, self.dataset, self.epochs = design, dataset, epochs
        self.recipe = design.training
        self.data_hash = dataset.training_sha256
        self.normalization: Normalization = fit_normalization(dataset.train.adc, design.normalization.kind)
        self.device = training_device()
        halved = self.recipe.recipe == "best" and has_bfloat16(self.device)
        self.precision: Literal["float32", "bfloat16"] = "bfloat16" if halved else "float32"
        target = dataset.train.adc if dataset.train.target is None else dataset.train.target
        pairs = [torch.from_numpy(self.normalization.apply(codes)) for codes in (dataset.train.adc, target)]
        self.spikes = torch.cat(pairs, dim=-1)  # input and target of a spike go together into whatever block
        torch.manual_seed(self.recipe.seed)
        self.model = Autoencoder(design).to(self.device)
        self.start_hash = None if start is None else hashlib.sha256(start.read_bytes()).hexdigest()
        if start is not None:
            self.model.load_state_dict(load_checkpoint(start, design).model.state_dict())
        self.average: CodebookAverage | None = None
        if self.recipe.recipe == "best":
            self.model.quantizer.codebook.requires_grad_(False)
            self.average = CodebookAverage(self.model.quantizer.codebook)
        self.optimizer = torch.optim.Adam(
            [parameter for parameter in self.model.parameters() if parameter.requires_grad],
            lr=self.recipe.learning_rate,
            weight_decay=self.recipe.weight_decay,
            amsgrad=True,
            fused=True,
        )
        self.epoch = 0
        self.wall_s = 0.0
        self.best_epoch = 0
        self.best_db = -math.inf
        self.best = _copy(self.model.state_dict())
        if start is not None:
            self.validate()

    def train_epoch(self) -> float:
        """One pass over the training split; the mean loss per block."""
        seed = self.recipe.seed * 1_000_003 + self.epoch + 1
        generator = torch.Generator().manual_seed(seed)
        torch.manual_seed(seed)  # dropout
        if self.average is not None:
            for group in self.optimizer.param_groups:
                group["lr"] = self.recipe.learning_rate * (1 + math.cos(math.pi * self.epoch / self.epochs)) / 2
        blocks = self.spikes
        if self.average is not None and self.design.block.kind == "queue":
            blocks = regroup(blocks, torch.from_numpy(self.dataset.train.channels), generator)
        blocks = blocks[torch.randperm(len(blocks), generator=generator)]
        self.model.train()
        total = torch.zeros((), device=self.device)
        seen: list[Tensor] = []
        for batch in torch.tensor_split(blocks, math.ceil(len(blocks) / self.recipe.batch)):
            total += self._step(batch.to(self.device), seen, generator) * len(batch)
        self.epoch += 1
        if self.average is not None and self.epoch <= REVIVE_UNTIL * self.epochs:
            self.average.revive(torch.cat(seen)[-REVIVE_POOL:], generator)
        return float(total) / len(blocks)

    def _step(self, batch: Tensor, seen: list[Tensor], generator: torch.Generator) -> Tensor:
        model = self.model
        inputs, targets = batch.split(self.design.block.samples, dim=-1)
        latents = model.encoder(inputs)
        rows = latents.detach().reshape(-1, latents.shape[-1])
        if self.average is not None and self.start_hash is None and self.epoch == 0 and not seen:
            self.average.start(rows, generator)
        quantized = model.quantizer(latents)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bfloat16"):
            output = model.decoder(quantized.values)
        error = (output.float() - targets).square().sum() / len(batch)
        loss = error + self.recipe.commitment * quantized.commitment
        if self.average is None:
            loss = loss + quantized.codebook
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        if self.average is not None:
            self.average.update(rows, quantized.indices.reshape(-1))
            seen.append(rows)
        detached: Tensor = loss.detach()
        return detached

    def validate(self) -> Evaluation:
        """Figures on the validation split; keeps the weights if they are the best so far."""
        figures = evaluate(self.model, self.normalization, self.dataset.validation, self.design)
        if figures.sndr.mean_db > self.best_db:
            self.best_db, self.best_epoch = figures.sndr.mean_db, self.epoch
            self.best = _copy(self.model.state_dict())
        return figures

    @property
    def identity(self) -> dict[str, object]:
        """What a saved state must agree in to be continued."""
        return {
            "kind": "training state",
            "schema_version": 1,
            "network_sha256": network_hash(self.design),
            "training": self.recipe.model_dump(),
            "epochs": self.epochs,
            "data_sha256": self.data_hash,
            "start_sha256": self.start_hash,
            "device": self.device.type,
            "decoder_precision": self.precision,
        }

    def save(self, path: Path) -> None:
        """Write the state after this epoch."""
        tensors = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        tensors |= {f"best.{name}": tensor for name, tensor in self.best.items()}
        for index, slots in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{name}": tensor for name, tensor in slots.items()}
        if self.average is not None:
            tensors |= {"average.counts": self.average.counts, "average.sums": self.average.sums}
        progress = {"epoch": self.epoch, "best_epoch": self.best_epoch, "best_db": self.best_db, "wall_s": self.wall_s}
        write_tensors(path, {name: tensor.clone() for name, tensor in tensors.items()}, self.identity | progress)

    def resume(self, path: Path) -> None:
        """Continue from a state of this same run, if there is one."""
        try:
            tensors, metadata = read_tensors(path)
        except (FileNotFoundError, ValueError):
            return
        if any(metadata.get(key) != value for key, value in self.identity.items()):
            return
        self.model.load_state_dict(_part(tensors, "model."))
        self.best = _part(tensors, "best.")
        slots: dict[int, dict[str, Tensor]] = {}
        for name, tensor in _part(tensors, "optimizer.").items():
            index, slot = name.split(".", 1)
            slots.setdefault(int(index), {})[slot] = tensor
        self.optimizer.load_state_dict(self.optimizer.state_dict() | {"state": slots})
        if self.average is not None:
            self.average.counts.copy_(tensors["average.counts"])
            self.average.sums.copy_(tensors["average.sums"])
        self.epoch, self.best_epoch = int(str(metadata["epoch"])), int(str(metadata["best_epoch"]))
        self.best_db, self.wall_s = float(str(metadata["best_db"])), float(str(metadata["wall_s"]))


def _quality(checkpoint: Checkpoint, split: Split, design: Design) -> Quality:
    figures = evaluate(checkpoint.model, checkpoint.normalization, split, design)
    return Quality(
        blocks=len(split),
        sndr_mean_db=figures.sndr.mean_db,
        sndr_global_db=figures.sndr.global_db,
        entropy_bits_per_index=figures.entropy_bits,
        bits_per_spike=figures.bits_per_spike,
        cr_entropy=figures.cr_entropy,
        codewords_used=figures.codewords_used,
    )


def _copy(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in state.items()}


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
