"""A cell library with energies and delays that can be added up by hand: fJ per transition, tenths of ns."""

from pathlib import Path

from synth.cells.liberty import Library, read_liberty

__all__ = ["DELAY_NS", "ENERGY_FJ", "PIN_FF", "VOLTAGE", "gate_library"]

VOLTAGE = 1.2
PIN_FF = 2.0
ENERGY_FJ = {"INV": (1, 2), "NAND": (3, 4), "NOR": (5, 6), "XOR": (7, 8), "Q": (9, 10), "GCK": (11, 12)}
"""Inside, when the output falls and rises."""
DELAY_NS = {"INV": (0.1, 0.2), "NAND": (0.3, 0.2), "NOR": (0.2, 0.4), "XOR": (0.5, 0.3), "Q": (0.4, 0.6)}
"""From an input to the output's fall and rise."""
DATA_FJ = {"low": 20, "high": 30}
"""Inside of a flip-flop when its data change, by its clock's level."""
CLOCK_FJ = (40, 50)
FUNCTIONS = {"INV": ("A", "!A"), "NAND": ("AB", "!(A*B)"), "NOR": ("AB", "!(A+B)"), "XOR": ("AB", "A^B")}


def _power(energies: tuple[float, float], related: str = "", when: str = "") -> str:
    related = f'related_pin : "{related}"; ' if related else ""
    when = f'when : "{when}"; ' if when else ""
    fall, rise = (energy / 1000 for energy in energies)
    return (
        f"internal_power () {{ {related}{when}"
        f'fall_power (scalar) {{ values ("{fall}"); }} rise_power (scalar) {{ values ("{rise}"); }} }}\n'
    )


def _timing(related: str, delays: tuple[float, float], kind: str) -> str:
    fall, rise = delays
    return (
        f'timing () {{ related_pin : "{related}"; timing_type : {kind}; timing_sense : non_unate;\n'
        f'cell_fall (scalar) {{ values ("{fall}"); }} cell_rise (scalar) {{ values ("{rise}"); }}\n'
        'fall_transition (scalar) { values ("0.1"); } rise_transition (scalar) { values ("0.1"); } }\n'
    )


def _input(name: str, inner: str = "", clock: str = "") -> str:
    return f"pin ({name}) {{ direction : input; capacitance : {PIN_FF / 1000}; {clock} {inner} }}\n"


def gate_library(folder: Path) -> Library:
    """The library, read back from a file written to ``folder``."""
    cells = []
    for name, (inputs, function) in FUNCTIONS.items():
        output = "".join(_power(ENERGY_FJ[name], pin) + _timing(pin, DELAY_NS[name], "combinational") for pin in inputs)
        pins = "".join(_input(pin) for pin in inputs)
        cells.append(
            f"cell ({name}) {{ area : 1;\n{pins} pin (Y) {{ direction : output; "
            f'function : "{function}"; {output} }} }}\n'
        )
    data = _power((DATA_FJ["high"],) * 2, when="CK") + _power((DATA_FJ["low"],) * 2, when="!CK")
    clock = _input("CK", _power(CLOCK_FJ), "clock : true;")
    cells.append(
        f'cell (DFF) {{ area : 9; ff (IQ, IQN) {{ clocked_on : "CK"; next_state : "D"; }}\n{clock}{_input("D", data)}'
        f'pin (Q) {{ direction : output; function : "IQ"; '
        f"{_power(ENERGY_FJ['Q'], 'CK')}{_timing('CK', DELAY_NS['Q'], 'rising_edge')} }} }}\n"
    )
    cells.append(
        f'cell (GATE) {{ area : 9; clock_gating_integrated_cell : "latch_posedge";\n{clock}'
        f"{_input('E', clock='clock_gate_enable_pin : true;')}"
        f"pin (GCK) {{ direction : output; {_power(ENERGY_FJ['GCK'], 'CK')} }} }}\n"
    )
    path = folder / "gates.lib"
    path.write_text(
        'library (gates) { time_unit : "1ns"; voltage_unit : "1V"; leakage_power_unit : "1nW";\n'
        f"capacitive_load_unit (1, pf); nom_voltage : {VOLTAGE};\n{''.join(cells)}}}\n",
        encoding="utf-8",
    )
    return read_liberty(path, timing=True)
