"""What every kind of encoder answers about its float weights, and where kinds are registered."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel
from rich.console import Console
from torch import nn

from model.by_kind import ByKind
from model.datasets.spikes import SpikeDataset
from model.model_metrics import ModelMetrics, Weights
from model.normalization import Normalization
from spikecae.design import Design

__all__ = ["FAMILIES", "Family", "OffChip"]


@dataclass(frozen=True, eq=False)
class OffChip:
    """What undoes an encoder: a ``decoder`` from latents ``[n, L, T]`` to normalized blocks ``[n, M, D]``, and the
    ``normalization`` of these."""

    decoder: nn.Module
    normalization: Normalization


class Family(ABC):
    """A kind of encoder."""

    metrics: type[ModelMetrics]
    """What :meth:`measure` gives."""

    @abstractmethod
    def train(
        self,
        design: Design,
        dataset: SpikeDataset,
        folder: Path,
        epochs: int | None,
        console: Console,
        start: Path | None = None,
    ) -> str:
        """Train; write ``checkpoint.safetensors`` and ``training.json``, and ``points/<n>/checkpoint.safetensors`` for
        each further operating point.

        Args:
            design: the encoder and how it learns.
            dataset: only training and validation split decide anything.
            folder: where an interrupted training may go on.
            epochs: in place of the design's, for kinds that have epochs.
            console: shows how far it is.
            start: a checkpoint of the design to begin with, in place of nothing, for kinds that have epochs.

        Returns:
            How it went, in words.
        """

    @abstractmethod
    def measure(self, design: Design, checkpoint: Path, dataset: SpikeDataset, weights: Weights) -> ModelMetrics:
        """Figures of a checkpoint on the test split."""

    @abstractmethod
    def load_training(self, path: Path) -> BaseModel:
        """What ``training.json`` says."""

    @abstractmethod
    def off_chip(self, design: Design, checkpoint: Path) -> OffChip:
        """Decoder and normalization of a checkpoint."""


FAMILIES = ByKind[Family]("model/families")
"""The kinds there are."""
