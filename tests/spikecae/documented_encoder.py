"""An encoder of blocks and their packets' payload, written from docs/arithmetic.md alone: it knows a spec's two files
and no line of the toolkit."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

Rows = list[list[int]]


class DocumentedEncoder:
    """What the spec in a folder makes of blocks, in Python's own integers."""

    def __init__(self, folder: Path) -> None:
        self.spec = json.loads((folder / "spec.json").read_text(encoding="utf-8"))
        with zipfile.ZipFile(folder / "spec.npz") as archive:
            self._arrays = {name: np.load(io.BytesIO(archive.read(name))).tolist() for name in archive.namelist()}

    def array(self, declared: dict[str, Any]) -> Any:
        """The numbers that an array's object stands for, as nested lists."""
        return self._arrays[f"{declared['array']}.npy"]

    def bits(self, block: np.ndarray) -> str:
        """The bits of a block's symbols, for ADC codes (M, D)."""
        source, *transforms, quantizer, coder = self.spec["stages"]
        x = self.normalize(source, block.tolist())
        for stage in transforms:
            x = self.transform(stage, x)
        codes = [codes_of(self.array(table)) for table in coder["tables"]]
        if quantizer["kind"] == "levels":
            return "".join(self.column(quantizer, codes, list(column)) for column in zip(*x, strict=True))
        latents = [value for feature in x for value in feature]
        symbols = [self.nearest(quantizer, part, latents) for part in quantizer["table"]]
        return "".join(codes[p["code_table"]][k] for p, k in zip(quantizer["table"], symbols, strict=True))

    def normalize(self, stage: dict[str, Any], codes: Rows) -> Rows:
        offset, gain, shift = self.array(stage["offset"]), self.array(stage["gain"]), stage["shift"]
        d = stage.get("decimation", 1)
        codes = [[sum(row[t : t + d]) for t in range(0, len(row), d)] for row in codes]
        if len(offset) == 1:
            offset, gain = list(offset) * len(codes[0]), list(gain) * len(codes[0])
        return [
            [
                saturate(rshift_round((c - o) * g, shift), 8, signed=True)
                for c, o, g in zip(row, offset, gain, strict=True)
            ]
            for row in codes
        ]

    def transform(self, stage: dict[str, Any], x: Rows) -> Rows:
        if stage["kind"] == "pool":
            size = stage["size"]
            return [[max(row[size * t : size * t + size]) for t in range(len(row) // size)] for row in x]
        if stage["kind"] == "residual":
            inner = self.convolve(stage["conv"], self.convolve(stage["reduce"], x))
            return self.convolve(stage["expand"], inner, x, stage["reduce"]["input_exponent"])
        if stage["kind"] == "linear":
            whole = [value for spike in x for value in spike]
            inputs = len(self.array(stage["weight"])[0])
            columns = [self.convolve(stage, [[v] for v in spike]) for spike in (x if inputs == len(x[0]) else [whole])]
            return [[column[output][0] for column in columns] for output in range(len(columns[0]))]
        return self.convolve(stage, x)

    def convolve(self, stage: dict[str, Any], x: Rows, identity: Rows | None = None, exponent: int = 0) -> Rows:
        weight, bias, exponents = (self.array(stage[key]) for key in ("weight", "bias", "weight_exponent"))
        outputs, inputs, kernel, samples = len(weight), len(weight[0]), len(weight[0][0]), len(x[0])
        signed, bits = not stage["relu"], stage.get("output_bits", 8)
        y = [[0] * samples for _ in range(outputs)]
        for c in range(outputs):
            first = c // (outputs // stage["groups"]) * inputs
            at = stage["input_exponent"] + exponents[c]
            for t in range(samples):
                acc = bias[c]
                for i in range(inputs):
                    for j in range(kernel):
                        place = t + j - (kernel - 1) // 2
                        acc += weight[c][i][j] * x[first + i][place] if 0 <= place < samples else 0
                acc += 0 if identity is None else identity[c][t] << (at - exponent)
                acc = max(acc, 0) if stage["relu"] else acc
                y[c][t] = saturate(rshift_round(acc, at - stage["exponent"]), bits, signed=signed)
        return y

    def nearest(self, stage: dict[str, Any], part: dict[str, int], latents: list[int]) -> int:
        y = latents[part["offset"] : part["offset"] + part["length"]]
        return self.least_score(stage["codebooks"][part["codebook"]], y)

    def least_score(self, book: dict[str, Any], y: list[int]) -> int:
        scores = [
            bias - 2 * sum(a * b for a, b in zip(y, word, strict=True))
            for bias, word in zip(self.array(book["bias"]), self.array(book["words"]), strict=True)
        ]
        return scores.index(min(scores))

    def column(self, stage: dict[str, Any], codes: list[list[str]], r: list[int]) -> str:
        """Class, groups and escapes of a column of latents."""
        bits = ""
        for classes in stage["classes"]:
            k = self.least_score(classes, r)
            bits += codes[classes["code_table"]][k]
            r = [y - c for y, c in zip(r, self.array(classes["words"])[k], strict=True)]
        levels = [(1 if a > 0 else -1) * ((abs(a) + stage["rounding"]) >> stage["fraction"]) for a in r]
        for group in stage["groups"]:
            low, size = self.array(group["low"]), self.array(group["size"])
            own, levels = levels[: len(low)], levels[len(low) :]
            symbol, last, outside = 0, 1, False
            for level, first, count in zip(own, low, size, strict=True):
                symbol, last = symbol * count + level - first, last * count
                outside = outside or not first <= level <= first + count - 1
            bits += codes[group["code_table"]][last if outside else symbol]
            if outside:
                bits += "".join(golomb(2 * n if n >= 0 else -2 * n - 1, stage["order"]) for n in own)
        return bits


def rshift_round(a: int, s: int) -> int:
    return (a + (1 << (s - 1))) >> s if s > 0 else a << -s


def saturate(a: int, bits: int, *, signed: bool) -> int:
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    return min(max(a, low), high)


def golomb(n: int, k: int) -> str:
    """An exponential Golomb code: docs/bitstream.md, *Payload of coded blocks*."""
    binary = f"{n + 2**k:b}"
    return "0" * (len(binary) - (k + 1)) + binary


def codes_of(lengths: list[int]) -> list[str]:
    """Canonical codes as text: docs/bitstream.md, *Payload of coded blocks*."""
    codes, number, previous = [""] * len(lengths), -1, 0
    for symbol in sorted(range(len(lengths)), key=lambda symbol: (lengths[symbol], symbol)):
        number = (number + 1) << (lengths[symbol] - previous)
        previous = lengths[symbol]
        codes[symbol] = f"{number:0{previous}b}"
    return codes
