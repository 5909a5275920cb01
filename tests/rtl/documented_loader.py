"""What starts a chip, written from docs/hardware.md and docs/arithmetic.md alone: it knows a spec's two files, what is
published beside the Verilog and the design's ``[hardware]``, and no line of the toolkit."""

import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

Field = tuple[int, int]
"""Value and bits."""


class DocumentedLoader:
    """The register writes that load the spec in ``spec_dir`` into the chip in ``rtl_dir``."""

    def __init__(self, spec_dir: Path, rtl_dir: Path, knobs: dict[str, Any]) -> None:
        self.spec = json.loads((spec_dir / "spec.json").read_text(encoding="utf-8"))
        self.map = json.loads((rtl_dir / "registers.json").read_text(encoding="utf-8"))
        manifest = json.loads((rtl_dir / "manifest.json").read_text(encoding="utf-8"))
        self.fold = manifest["fold"]
        self.multipliers = {unit["name"]: unit["multipliers"] for unit in manifest["units"]}
        store = "chip.encoder.store."
        self.widths = {m["name"].removeprefix(store): m["width"] for m in manifest["memories"] if store in m["name"]}
        self.knobs = {"weight_bits": 8, "bias_bits": 18, "early_exit": False} | knobs
        with zipfile.ZipFile(spec_dir / "spec.npz") as archive:
            self._arrays = {name: np.load(io.BytesIO(archive.read(name))) for name in archive.namelist()}

    def array(self, declared: dict[str, Any]) -> np.ndarray:
        return self._arrays[f"{declared['array']}.npy"].astype(int)

    def writes(self) -> list[list[int]]:
        """As ``load.json`` has them."""
        words = {
            "normalization": [joined(fields) for fields in self.normalization()],
            "weights": [*self.weights()],
            "parameters": [*self.parameters()],
            "latents": [*self.latents()],
            "codebook": [*self.codebook()],
            "levels": [joined(fields) for fields in self.levels()],
            "classes": [*self.classes()],
            "huffman": [joined(fields) for fields in self.huffman()],
        }
        found, crc = [], 0
        for memory in sorted(self.map["memories"], key=lambda memory: memory["offset"]):
            own, parts = words.pop(memory["name"]), memory["bus_words_per_word"]
            assert len(own) == memory["words"]
            for w, word in enumerate(own):
                for b in range(parts):
                    value = word >> (32 * b) & 0xFFFFFFFF
                    found.append([memory["offset"] + 4 * (w * parts + b), value])
                    crc = crc32(value.to_bytes(4, "little"), crc)
        assert not any(words.values())
        offsets = {register["name"]: register["offset"] for register in self.map["registers"]}
        last = {"spec_hash": int(self.spec["hash"][:8], 16), "crc_expected": crc, "control": 1}
        return found + [[offsets[name], value] for name, value in last.items()]

    def products(self) -> Iterator[tuple[dict[str, Any], dict[str, Any] | None, int]]:
        """Convolutions in order; the block that one is the last of; cycles from sample to sample."""
        period = self.fold
        for stage in self.spec["stages"]:
            if stage["kind"] == "linear":
                latents, inputs, _ = stage["weight"]["shape"]
                yield stage, None, max(period, -(-period * (inputs // self.groups) * latents // 256))
            elif stage["kind"] in ("conv", "project"):
                yield stage, None, period
            elif stage["kind"] == "residual":
                yield stage["reduce"], None, period
                yield stage["conv"], None, period
                yield stage["expand"], stage, period
            elif stage["kind"] == "pool":
                period *= stage["size"]

    @property
    def groups(self) -> int:
        linear = self.spec["stages"][1]
        if linear["kind"] == "linear":
            samples = self.spec["samples"] // self.spec["stages"][0].get("decimation", 1)
            return int(linear["weight"]["shape"][1] // next(c for c in (32, 16, 8, 4, 2, 1) if samples % c == 0))
        return max([stage["reduce"]["groups"] for stage in self.spec["stages"] if stage["kind"] == "residual"] or [1])

    def matrix(self, stage: dict[str, Any], group: int) -> np.ndarray:
        """A group's weights, (outputs, terms)."""
        weight = self.array(stage["weight"])
        if stage["kind"] in ("project", "linear"):
            inputs = weight.shape[1] // self.groups
            part = weight[:, group * inputs : (group + 1) * inputs]
        else:
            outputs = len(weight) // self.groups
            part = weight[group * outputs : (group + 1) * outputs]
        return np.array([[row[i][j] for j in range(part.shape[2]) for i in range(part.shape[1])] for row in part])

    def lanes_and_taps(self, name: str, outputs: int, terms: int, period: int) -> tuple[int, int]:
        pairs = [
            (lanes, taps)
            for lanes in range(1, outputs + 1)
            for taps in range(1, terms + 1)
            if lanes * taps == self.multipliers[name] and -(-outputs // lanes) * -(-terms // taps) <= period
        ]
        return max(pairs, key=lambda pair: pair[1])

    def normalization(self) -> Iterator[list[Field]]:
        stage = self.spec["stages"][0]
        for offset, gain in zip(self.array(stage["offset"]), self.array(stage["gain"]), strict=True):
            yield [(offset, 16), (gain, 16), (stage["shift"], 5)]

    def weights(self) -> Iterator[int]:
        for group in range(self.groups):
            for stage, _, period in self.products():
                weights = self.matrix(stage, group)
                outputs, terms = weights.shape
                lanes, taps = self.lanes_and_taps(stage["name"], outputs, terms, period)
                fields = [
                    (weights[n, k] if n < outputs and k < terms else 0, self.knobs["weight_bits"])
                    for first in range(0, outputs, lanes)
                    for start in range(0, terms, taps)
                    for n in range(first, first + lanes)
                    for k in range(start, start + taps)
                ]
                run = lanes * taps if stage["kind"] == "linear" else len(fields)
                for begin in range(0, len(fields), run):
                    yield from split(fields[begin : begin + run], self.widths["weights"])

    def parameters(self) -> Iterator[int]:
        entry, bits = self.knobs["bias_bits"] + 10, self.knobs["bias_bits"]
        per_word = max(1 << n for n in range(9) if entry << n <= self.widths.get("parameters", entry))
        for group in range(self.groups):
            for stage, block, _ in self.products():
                if stage["kind"] in ("project", "linear"):
                    continue
                outputs = len(self.array(stage["bias"])) // self.groups
                own = range(group * outputs, (group + 1) * outputs)
                entries = [[*self.shifted(stage, c, bits), (self.identity_shift(block, c), 5)] for c in own]
                for first in range(0, outputs, per_word):
                    yield joined(field for fields in entries[first : first + per_word] for field in fields)

    def latents(self) -> Iterator[int]:
        *_, (stage, _, period) = self.products()
        outputs, terms = self.matrix(stage, 0).shape
        lanes, _ = self.lanes_and_taps(stage["name"], outputs, terms, period)
        for first in range(0, outputs, lanes):
            own = range(first, min(first + lanes, outputs))
            yield joined(field for n in own for field in self.shifted(stage, n, self.knobs["bias_bits"]))

    def shifted(self, stage: dict[str, Any], channel: int, bits: int) -> list[Field]:
        shift = stage["input_exponent"] + self.array(stage["weight_exponent"])[channel] - stage["exponent"]
        return [(self.array(stage["bias"])[channel], bits), (shift, 5)]

    def identity_shift(self, block: dict[str, Any] | None, channel: int) -> int:
        if block is None:
            return 0
        expand = block["expand"]
        accumulator = expand["input_exponent"] + self.array(expand["weight_exponent"])[channel]
        return int(accumulator - block["reduce"]["input_exponent"])

    def levels(self) -> Iterator[list[Field]]:
        for group in self.spec["stages"][-2].get("groups", []):
            for low, size in zip(self.array(group["low"]), self.array(group["size"]), strict=True):
                yield [(low, 8), (size, 8)]

    def classes(self) -> Iterator[int]:
        stage = self.spec["stages"][-2]
        taps = self.multipliers.get(stage["name"], 0)
        for classes in stage.get("classes", []):
            for bias, word in zip(self.array(classes["bias"]), self.array(classes["words"]), strict=True):
                padded = [*word, *[0] * (-len(word) % taps)]
                for first in range(0, len(padded), taps):
                    elements = [(value, stage["bits"]) for value in padded[first : first + taps]]
                    left = self.widths["classes"] - taps * stage["bits"]
                    yield joined([*elements, (0 if first else bias, left)])

    def codebook(self) -> Iterator[int]:
        *_, (project, _, _) = self.products()
        if self.spec["stages"][-2]["kind"] != "vq":
            return
        stage, bits = self.spec["stages"][-2], project.get("output_bits", 8)
        passes = [
            part["codebook"]
            for part, before in zip(stage["table"], [None, *stage["table"]], strict=False)
            if before is None or part["codebook"] != before["codebook"]
        ]
        books = [stage["codebooks"][number] for number in passes]
        longest = max(self.array(book["words"]).shape[1] for book in books)
        products, least = longest, 0
        if self.knobs["early_exit"]:
            whole = self.multipliers[stage["name"]] >= longest > 1
            products = longest - longest // 2 if whole else 0
            least = -(longest - products) << (2 * bits - 2)
        bias_bits = signed_bits(least, (longest << (2 * bits - 1)) - 1)
        for book in books:
            for bias, word in zip(self.array(book["bias"]), self.array(book["words"]), strict=True):
                start = bias - (word[products:] ** 2).sum()
                padded = [*word, *[0] * (longest - len(word))]
                yield from split([(start, bias_bits), *((value, bits) for value in padded)], self.widths["codebook"])

    def huffman(self) -> Iterator[list[Field]]:
        for table in self.spec["stages"][-1]["tables"]:
            lengths = self.array(table)
            number, previous, codes = -1, 0, {}
            for symbol in sorted(range(len(lengths)), key=lambda symbol: (lengths[symbol], symbol)):
                number = (number + 1) << (int(lengths[symbol]) - previous)
                previous = int(lengths[symbol])
                codes[symbol] = number << (16 - previous)
            yield from ([(lengths[symbol] - 1, 4), (codes[symbol], 16)] for symbol in range(len(lengths)))


def joined(fields: Any) -> int:
    """Fields as one number, the first in the lowest bits."""
    word, place = 0, 0
    for value, bits in fields:
        word |= (int(value) & ((1 << bits) - 1)) << place
        place += bits
    return word


def split(fields: list[Field], width: int) -> Iterator[int]:
    """Fields without gaps in words of ``width`` bits."""
    number, bits = joined(fields), sum(bits for _, bits in fields)
    for place in range(0, bits, width):
        yield number >> place & ((1 << width) - 1)


def signed_bits(low: int, high: int) -> int:
    return next(bits for bits in range(1, 99) if -(1 << (bits - 1)) <= low and high < 1 << (bits - 1))


def crc32(data: bytes, crc: int) -> int:
    """Bit by bit, as the table of the document has it: reflected, from all ones, inverted at the end."""
    crc ^= 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xEDB88320 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


assert crc32(b"123456789", 0) == zlib.crc32(b"123456789") == 0xCBF43926
