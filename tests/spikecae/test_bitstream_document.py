"""The worked examples of docs/bitstream.md, written and read by the code."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from spikecae.bitstream import packets, payload
from spikecae.canonical_code import MAX_LENGTH
from spikecae.golden.levels import symbols
from spikecae.stages import LevelGroup, Levels, Symbols

TEXT = (Path(__file__).parents[2] / "docs" / "bitstream.md").read_text(encoding="utf-8")
INPUTS = [json.loads(body) for body in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)]
BYTES = [bytes.fromhex(body.replace("\n", " ")) for body in re.findall(r"```hex\n(.*?)```", TEXT, re.DOTALL)]
CODES = dict(re.findall(r"^\| (\d) \| `([01]+)` \|$", TEXT, re.MULTILINE))
SPEC = SimpleNamespace(
    spikes=2,
    tag=INPUTS[0]["tag"],
    symbols=Symbols((4, 4, 4), (0, 0, 0)),
    coder=SimpleNamespace(tables=(np.array([len(CODES[str(k)]) for k in range(4)], dtype=np.uint8),)),
)


def test_code_table_is_the_canonical_one() -> None:
    codes = payload.code_words(np.arange(4)[None, :3], SPEC.coder.tables, SPEC.symbols)[0][0]
    assert [f"{code:0{len(CODES[str(k)])}b}" for k, code in enumerate(codes)] == [CODES[str(k)] for k in range(3)]


def test_coded_example() -> None:
    example = INPUTS[0]
    (written,) = payload.write_blocks(
        SPEC,
        np.array(example["indices"]),
        blocks_per_packet=2,
        events=payload.Events(np.array(example["channels"]), np.array(example["times"])),
        missing=example["missing"],
        sequence=example["sequence"],
    )
    assert written.hex(" ") == BYTES[0].hex(" ")
    (packet,) = packets.PacketReader().feed(BYTES[0])
    blocks = payload.read_blocks(SPEC, packet)
    assert blocks.indices.tolist() == example["indices"]
    assert blocks.events.channels.tolist() == example["channels"]
    assert blocks.events.times.tolist() == example["times"]
    assert blocks.present.tolist() == [[True, True], [True, False]]


def test_the_examples_fields_in_the_text_are_their_payload() -> None:
    for head, data in (("difference", BYTES[0]), ("level", BYTES[2])):
        table = TEXT.split(f"| field | {head} | n | code |")[1].split("```")[0]
        bits = "".join("".join(re.findall(r"`([01]+)`", row)) for row in table.splitlines())
        assert int(bits, 2).to_bytes(len(bits) // 8, "big") == packets.PacketReader().feed(data)[0].payload


def test_escapes_example() -> None:
    example = INPUTS[2]
    table = SPEC.coder.tables[0]
    group = LevelGroup(np.array([-1, 0], np.int8), np.array([3, 1], np.uint8), code_table=0)
    quantizer = Levels("levels", 0, 4, 1, 0, 0, example["order"], (), (group,))
    assert symbols(quantizer, np.array(example["levels"])).tolist() == example["indices"]
    assert quantizer.symbols.sizes == (table.size, example["largest"] + 1, example["largest"] + 1)
    spec = SimpleNamespace(spikes=1, tag=example["tag"], symbols=quantizer.symbols, coder=SPEC.coder)
    (written,) = payload.write_blocks(
        spec, np.array(example["indices"]), blocks_per_packet=3, sequence=example["sequence"]
    )
    assert written.hex(" ") == BYTES[2].hex(" ")
    (packet,) = packets.PacketReader().feed(BYTES[2])
    indices = payload.read_blocks(spec, packet).indices
    assert indices.tolist() == example["indices"]
    assert quantizer.levels(indices)[1][:, :, 0].tolist() == example["levels"]


def test_raw_example() -> None:
    example = INPUTS[1]
    (written,) = payload.write_snippets(
        example["tag"],
        np.array(example["snippets"], dtype=np.int16),
        snippets_per_packet=2,
        sequence=example["sequence"],
    )
    assert written.hex(" ") == BYTES[1].hex(" ")
    (packet,) = packets.PacketReader().feed(BYTES[1])
    assert payload.read_snippets(packet)[0].tolist() == example["snippets"]


@pytest.mark.parametrize(("name", "width", "function"), [("CRC-8", 8, packets.crc8), ("CRC-16", 16, packets.crc16)])
def test_checksums_computed_bit_by_bit_from_the_table(name: str, width: int, function: object) -> None:
    row = re.search(rf"^\| {name}/\S+ \| (\S+) \| (\S+) \| no \| (\S+) \| (\S+) \|$", TEXT, re.MULTILINE)
    polynomial, value, inversion, check = (int(cell, 16) for cell in row.groups())

    def bitwise(data: bytes) -> int:
        register = value
        for bit in "".join(f"{byte:08b}" for byte in data):
            feedback = (register >> (width - 1)) ^ int(bit)
            register = (register << 1) & ((1 << width) - 1)
            register ^= polynomial if feedback else 0
        return register ^ inversion

    assert bitwise(b"123456789") == check
    for data in (b"", b"123456789", BYTES[0], BYTES[1]):
        assert function(data) == bitwise(data)


def test_numbers_in_the_text_are_those_of_the_code() -> None:
    assert f"{packets.OVERHEAD_BYTES} bytes besides its payload" in TEXT
    assert f"1..{packets.MAX_PAYLOAD}" in TEXT
    assert f"at most {packets.OVERHEAD_BYTES + packets.MAX_PAYLOAD} in all" in TEXT
    assert f"1..{packets.MAX_COUNT}" in TEXT
    assert f"so that its code has {MAX_LENGTH}\nbits at most" in TEXT
    assert f"at most {MAX_LENGTH} bits per index" in TEXT
    assert packets.SYNC.hex(" ").upper() in TEXT
    assert f"channel of the block, 0..65535 | {payload.CHANNEL_ORDER} |" in TEXT
    assert f"first time of the block | {payload.TIME_ORDER} |" in TEXT
