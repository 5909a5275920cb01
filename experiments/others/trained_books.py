"""Map, codebooks and inverse trained together on rate and distortion, as map and levels are."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from experiments.others.codebooks import BookCoder
from experiments.others.places import Fitted
from model.linear.coder import BATCH
from model.linear.linear_model import LinearModel, columns_of

__all__ = ["map_for_books"]

STEPS = 1500
RATE = 0.003
"""Adam's, relative to the mean magnitude of what it changes; falls as a cosine."""
COMMITMENT = 0.25
"""Of the latents to codewords, relative to the error of what comes back."""


def map_for_books(at: Fitted, coder: BookCoder, seed: int) -> LinearModel:
    """The model of ``coder`` with the map that training finds, from where ``coder`` is; its codebooks, which have
    followed, are found anew for the map."""
    generator = torch.Generator().manual_seed(seed)
    model = coder.model
    known, target, held_out, wanted = (
        torch.from_numpy(part).float()
        for sample in (at.train, at.validation)
        for part in (model.mapped(sample.normalized), columns_of(sample.target, joint=model.joint))
    )
    trained = _Coder(coder)
    optimizer = torch.optim.Adam(
        [{"params": [values], "lr": RATE * float(values.detach().abs().mean())} for values in trained.parameters()]
    )
    epochs = max(1, STEPS * BATCH // len(known))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    best, kept = np.inf, trained.map.weight.detach().clone()
    for epoch in range(epochs + 1):
        trained.count(known)
        with torch.no_grad():
            found = float(trained.loss(held_out, wanted, 0.0))
        if found < best:
            best, kept = found, trained.map.weight.detach().clone()
        if epoch == epochs:
            break
        for index in torch.randperm(len(known), generator=generator).split(BATCH):
            optimizer.zero_grad()
            trained.loss(known[index], target[index]).backward()
            optimizer.step()
        schedule.step()
    return replace(model, weight=kept.double().numpy())


class _Coder(nn.Module):
    """What is trained. Gradients pass straight through the search; codewords follow the latents that choose them."""

    def __init__(self, coder: BookCoder) -> None:
        super().__init__()
        model = coder.model
        latents, inputs = model.weight.shape
        self.map = nn.Linear(inputs, latents, bias=False)
        self.inverse = nn.Linear(latents, inputs * model.decimation, bias=False)
        with torch.no_grad():
            self.map.weight.copy_(torch.from_numpy(model.weight))
            self.inverse.weight.copy_(model.decoder.inverse.weight)
        self.words = [torch.from_numpy(books.book.codewords).float() for books in coder.books]
        self.lengths = [torch.from_numpy(books.book.lengths.astype(np.float32)) for books in coder.books]
        self.weight = coder.books[0].book.weight
        self.scale = 1 / float(np.square(model.weight).sum(axis=1).mean())

    def loss(self, known: Tensor, target: Tensor, commitment: float = COMMITMENT) -> Tensor:
        """Squared error and bits of columns, and how far their latents are from codewords."""
        latents = self.map(known)
        values, chosen = self._nearest(latents)
        through = latents + (values - latents).detach()
        bits = torch.stack([lengths[index] for lengths, index in zip(self.lengths, chosen, strict=True)]).sum(dim=0)
        lost = (self.inverse(through) - target).square().sum(dim=1)
        apart = (latents - values).square().sum(dim=1)
        cost: Tensor = (lost + self.scale * (self.weight * bits + commitment * apart)).mean()
        return cost

    @torch.no_grad()
    def count(self, known: Tensor) -> None:
        """Let codewords and lengths follow the latents that choose them."""
        latents = self.map(known)
        _, chosen = self._nearest(latents)
        parts = latents.split([words.shape[1] for words in self.words], dim=1)
        for number, (index, words, part) in enumerate(zip(chosen, self.words, parts, strict=True)):
            seen = torch.bincount(index, minlength=len(words))
            means = torch.zeros_like(words).index_add_(0, index, part) / seen.clamp(min=1)[:, None]
            self.words[number] = torch.where(seen[:, None] > 0, means, words)
            self.lengths[number] = -torch.log2((seen + 0.5) / (seen + 0.5).sum())

    def _nearest(self, latents: Tensor) -> tuple[Tensor, Sequence[Tensor]]:
        parts = latents.split([words.shape[1] for words in self.words], dim=1)
        chosen = [
            (words.square().sum(dim=1) + self.weight * lengths - 2 * part @ words.T).argmin(dim=1)
            for part, words, lengths in zip(parts, self.words, self.lengths, strict=True)
        ]
        return torch.cat([words[index] for words, index in zip(self.words, chosen, strict=True)], dim=1), chosen
