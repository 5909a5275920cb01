"""Cells of a Liberty file in Verilog, without delays: what a netlist is simulated with from unknown registers."""

from pathlib import Path

from tests.synth.second.liberty_text import Group, cells_in

__all__ = ["cell_models"]


def cell_models(liberty: Path, used: set[str]) -> str:
    """Modules of the cells of these names. A flip-flop keeps what it holds where its clear is unknown."""
    return "\n".join(_model(cell) for name, cell in sorted(cells_in(liberty).items()) if name in used)


def _model(cell: Group) -> str:
    pins = {pin.name: pin for pin in cell.all("pin") if pin.text("direction") != "internal"}
    outputs = [name for name, pin in pins.items() if pin.text("direction") == "output"]
    ports = [f"{'output' if name in outputs else 'input'} {name}" for name in pins]
    lines = [f"module {cell.name}({', '.join(ports)});"]
    state = cell.first("ff")
    if "clock_gating_integrated_cell" in cell.attributes:
        (clock,) = (
            name for name, pin in pins.items() if "true" in (pin.text("clock_gate_clock_pin"), pin.text("clock"))
        )
        enables = [name for name in pins if name not in (clock, *outputs)]
        lines.append(f"reg held; always @* if (!{clock}) held = {' | '.join(enables)};")
        lines += [f"assign {output} = {clock} & held;" for output in outputs]
    elif state is not None:
        stored, inverted = state.name.split()
        lines += [f"reg {stored}; wire {inverted} = ~{stored};"]
        clear = state.text("clear")
        edge = f" or posedge cleared) if (cleared) {stored} <= 0; else " if clear else ") "
        lines += [f"wire cleared = {_verilog(clear)};"] if clear else []
        lines.append(f"wire clock = {_verilog(state.text('clocked_on'))};")
        lines.append(f"always @(posedge clock{edge}{stored} <= {_verilog(state.text('next_state'))};")
        lines += [f"assign {output} = {_verilog(pins[output].text('function'))};" for output in outputs]
    else:
        lines += [f"assign {output} = {_verilog(pins[output].text('function'))};" for output in outputs]
    return "\n".join([*lines, "endmodule"])


def _verilog(function: str) -> str:
    words = function.replace("!", "~").replace("*", "&").replace("+", "|")
    return {"0": "1'b0", "1": "1'b1"}.get(words.strip(), words)
