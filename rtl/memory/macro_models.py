"""Verilog models of memory macros, so that what instantiates them simulates without a process kit.

They are written here, from the pins and the rules of the kit's macros, and are no substitute for its own models.
"""

from collections.abc import Iterable

from rtl.memory.macros import IhpMacro

__all__ = ["kit_files", "macro_models"]


def macro_models(macros: Iterable[IhpMacro]) -> str:
    """Modules of the macros, Verilog-2005.

    A port that is enabled reads or writes at its rising edge, and keeps what it has read; if it does both, it reads
    what it writes. What a port reads while the other one writes the same word, no manual says: the model gives the
    word with all bits inverted, so that a user who relies on it is found out. The self-test is left out.
    """
    return "\n".join(_model(macro) for macro in sorted(macros, key=lambda macro: macro.name))


def kit_files(macros: Iterable[IhpMacro]) -> list[str]:
    """The kit's own models of the macros and what these are made of, relative to the kit's folder."""
    names = sorted(macro.name for macro in macros)
    cores = {
        f"RM_IHPSG13_{macro.ports}P_core_behavioral{'_bm_bist' if macro.bit_write else ''}"
        f"{'_ideal' if macro.ports == 2 else ''}"
        for macro in macros
    }
    return [f"libs.ref/sg13g2_sram/verilog/{name}.v" for name in (*sorted(cores), *names)]


def _model(macro: IhpMacro) -> str:
    sides = "AB"[: macro.ports]
    place, word = f"[{(macro.words - 1).bit_length() - 1}:0] ", f"[{macro.width - 1}:0] "
    pins, body = [], []
    for side in sides:
        inputs = {"CLK": "", "MEN": "", "WEN": "", "REN": "", "ADDR": place, "DIN": word, "DLY": ""}
        if macro.bit_write:
            inputs |= {"BM": word, "BIST_CLK": "", "BIST_EN": "", "BIST_MEN": "", "BIST_WEN": "", "BIST_REN": ""}
            inputs |= {"BIST_ADDR": place, "BIST_DIN": word, "BIST_BM": word}
        pins += [f"  input {bits}{side}_{pin}" for pin, bits in inputs.items()]
        pins.append(f"  output reg {word}{side}_DOUT")
        stored = f"memory[{side}_ADDR]"
        new = f"({stored} & ~{side}_BM) | ({side}_DIN & {side}_BM)" if macro.bit_write else f"{side}_DIN"
        body += [f"  always @(posedge {side}_CLK)", f"    if ({side}_MEN && {side}_WEN) {stored} <= {new};"]
        read = stored
        if macro.ports == 2:
            other = "B" if side == "A" else "A"
            clash = f"{other}_MEN && {other}_WEN && {other}_ADDR == {side}_ADDR"
            read = f"{clash} ? ~{stored} : {stored}"
        body += [
            f"  always @(posedge {side}_CLK)",
            f"    if ({side}_MEN && {side}_REN) {side}_DOUT <= {side}_WEN ? {new} : {read};",
        ]
    lines = [f"module {macro.name}(", ",\n".join(pins), ");", f"  reg {word}memory [0:{macro.words - 1}];"]
    return "\n".join([*lines, *body, "endmodule", ""])
