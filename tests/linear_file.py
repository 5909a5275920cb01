"""The design file of a small linear encoder, made of the small network's: the same spikes, another encoder."""

import json
import tomllib
from typing import Any

from spikecae.design import Design
from tests.conftest import DESIGNS

__all__ = ["linear_design", "linear_text"]

ENCODER = {"kind": "linear", "features": 6, "bits_per_spike": 14.0, "symbols": 32}


def linear_text(name: str = "tiny_linear", codewords: int = 3, **encoder: Any) -> str:
    """The design file: ``tiny.toml`` with another ``[encoder]`` of the keys given, and without ``[training]``."""
    lines = [f"{key} = {json.dumps(value)}" for key, value in (ENCODER | encoder).items()]
    tables = "\n".join(["[encoder]", *lines, "", "[codebook]", f"codewords = {codewords}", ""])
    text = (DESIGNS / "tiny.toml").read_text(encoding="utf-8").replace('name = "tiny"', f'name = "{name}"')
    before, after = text.index("[encoder]"), text.index("[normalization]")
    return f"{text[:before]}{tables}\n{text[after : text.index('[training]')]}"


def linear_design(codewords: int = 3, **encoder: Any) -> Design:
    """The same, read."""
    return Design.model_validate(tomllib.loads(linear_text(codewords=codewords, **encoder)))
