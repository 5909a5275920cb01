"""Coverage points as Verilator writes them, counted, and the exclusions beside them."""

import re

from sim.coverage.functional import bins_of, possible, saturated, ties
from sim.coverage.points import Exclusion, Point, count, load_exclusions, read_points
from sim.grade.chip import Subject
from spikecae.bitstream.packets import Packet, PacketReader
from spikecae.bitstream.payload import write_blocks
from spikecae.golden import encode

VERILOG = "module a (b);\n  if (never) begin end\nendmodule\n"


def point(page: str, line: int, name: str, hits: int, file: str = "encoder.v") -> str:
    said = {"f": file, "l": str(line), "n": "1", "page": page, "o": name, "h": "TOP"}
    return f"C '{''.join(f'{chr(1)}{key}{chr(2)}{value}' for key, value in said.items())}' {hits}\n"


def test_points_are_those_of_the_encoder_with_names(tmp_path) -> None:
    (tmp_path / "a.v").write_text(VERILOG)
    (tmp_path / "points").write_text(
        "# SystemC::Coverage-3\n"
        + point("v_toggle/a", 1, "b[3]:0->1", 7)
        + point("v_toggle/a", 1, "__0247:0->1", 0)
        + point("v_branch/a", 2, "if", 0)
        + point("v_line/w", 1, "block", 2, file="wrapper.v")
    )
    assert list(read_points(tmp_path / "points", tmp_path / "a.v")) == [
        Point("toggle", "a b[3]:0->1", 7),
        Point("line", "a 2 if if (never) begin end", 0),
    ]


def test_a_point_is_hit_where_any_run_hits_it_and_may_be_excluded() -> None:
    points = [Point("line", name, hits) for name, hits in [("a", 1), ("b", 0), ("b", 2), ("c", 0), ("d", 0)]]
    counted = count(
        points, "line", [Exclusion("line", re.compile("c"), "why"), Exclusion("line", re.compile("a"), "no")]
    )
    assert (counted.points, counted.hit, counted.excluded, counted.missing) == (3, 2, {"why": 1}, ["d"])
    assert counted.percent == 66.67


def test_the_only_line_excluded_is_one_that_yosys_adds() -> None:
    (exclusion,) = load_exclusions()
    added = r"x 2 if if (\$auto$verilog_backend.cc:2355:dump_module$5 ) begin end"
    assert exclusion.pattern.search(added)
    assert not exclusion.pattern.search("x 2 if if (a ) begin")


def test_bins_of_packets_are_their_kinds_lengths_and_missing_spikes(encoder) -> None:
    spec = encoder.spec
    indices = encode(spec, encoder.adc[:3]).indices
    (packet,) = PacketReader().feed(write_blocks(spec, indices, blocks_per_packet=3, missing=1)[0])
    assert isinstance(packet, Packet)
    found = bins_of(spec, packet)
    assert found["packet: coded, sidecar 0"] == 1
    assert (found["block: 0 spikes missing"], found["block: 1 spikes missing"]) == (2, 1)
    lengths = [
        spec.coder.tables[table][index] for row in indices for index, table in zip(row, spec.table_of, strict=True)
    ]
    assert sum(times for name, times in found.items() if name.startswith("code: table")) == len(lengths)
    assert found[f"code: table {spec.table_of[0]}, {lengths[0]} bits"] >= 1
    assert found[f"code: {lengths[0]} bits"] == lengths.count(lengths[0])
    assert set(found) <= set(possible(spec))


def test_what_saturates_and_ties_is_counted(encoder) -> None:
    spec, adc = encoder.spec, encoder.adc
    golden = encode(spec, adc)
    subject = Subject(spec, None, [], {}, adc, golden)  # type: ignore[arg-type]
    found = saturated(subject)
    for layer in (stage for stage in spec.transforms if stage.kind == "conv"):
        at_most = int((golden.taps[layer.name] == layer.output_range[1]).sum())
        assert found[f"saturation: {layer.name}, high end"] <= at_most
    latents = golden.taps[spec.transforms[-1].tap].reshape(len(adc), -1)
    tied = 0
    for row in latents:
        for part in spec.quantizer.table:
            book = spec.quantizer.codebooks[part.codebook]
            own = row[part.offset : part.offset + part.length].tolist()
            products = [sum(a * b for a, b in zip(own, word, strict=True)) for word in book.words.tolist()]
            scores = [bias - 2 * product for bias, product in zip(book.bias.tolist(), products, strict=True)]
            tied += scores.count(min(scores)) > 1
    assert sum(ties(subject).values()) == tied
