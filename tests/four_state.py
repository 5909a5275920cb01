"""Verilog as a tool for standard cells may leave it: without initial values."""

import re


def without_initial_values(text: str) -> str:
    """The text with every initial value of a register or memory taken out; those of a simulator's triggers too."""
    text = re.sub(r"^  initial begin\n.*?^  end\n", "", text, flags=re.M | re.S)
    return re.sub(r"^(  reg [^=\n]*?) *= *[^;\n]*;", r"\1 ;", text, flags=re.M)
