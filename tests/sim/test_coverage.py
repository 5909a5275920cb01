"""Coverage points as Verilator writes them, counted, and the exclusions beside them."""

import re

from sim.coverage.points import Exclusion, Point, count, load_exclusions, read_points

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
