"""A cell library of eight cells, written out for a test."""

__all__ = ["small_library"]

TIMING = """timing () {{ related_pin : "{pin}"; timing_sense : {sense};
    cell_rise (grid) {{ values ("0.1, 0.2", "0.2, 0.3"); }}
    rise_transition (grid) {{ values ("0.1, 0.2", "0.2, 0.3"); }}
    cell_fall (grid) {{ values ("0.1, 0.2", "0.2, 0.3"); }}
    fall_transition (grid) {{ values ("0.1, 0.2", "0.2, 0.3"); }}
  }}"""
HEAD = """library (small) {
  delay_model : table_lookup; time_unit : "1ns"; voltage_unit : "1V"; leakage_power_unit : "1nW";
  capacitive_load_unit (1, pf); nom_voltage : 1.2; default_max_transition : 2;
  lu_table_template (grid) { variable_1 : input_net_transition; variable_2 : total_output_net_capacitance;
    index_1 ("0.01, 1"); index_2 ("0.001, 0.1"); }
"""


def _gate(name: str, area: float, function: str, inputs: str, sense: str) -> str:
    pins = "".join(f"\n  pin ({pin}) {{ direction : input; capacitance : 0.002; }}" for pin in inputs)
    arcs = "".join(TIMING.format(pin=pin, sense=sense) for pin in inputs)
    return (
        f"cell ({name}) {{ area : {area}; cell_leakage_power : 1;{pins}\n"
        f'  pin (Y) {{ direction : output; function : "{function}"; max_capacitance : 0.2; {arcs} }}\n}}\n'
    )


def small_library(*, gate: bool = True, ties: bool = True) -> str:
    """Text of the library, with or without a clock gate and tie cells."""
    cells = [
        _gate("INV", 1, "(!A)", "A", "negative_unate"),
        _gate("BUF", 2, "(A)", "A", "positive_unate"),
        _gate("NAND", 3, "(!(A & B))", "AB", "negative_unate"),
        _gate("NOR", 4, "(!(A | B))", "AB", "negative_unate"),
        """cell (DFF) { area : 20; cell_leakage_power : 5; ff (IQ, IQN) { clocked_on : "CK"; next_state : "D"; }
          pin (CK) { direction : input; clock : true; capacitance : 0.002; }
          pin (D) { direction : input; capacitance : 0.002; } pin (Q) { direction : output; function : "IQ"; } }""",
    ]
    if gate:
        cells.append(
            """cell (GATE) { area : 11; clock_gating_integrated_cell : "latch_posedge";
              pin (CK) { direction : input; clock : true; capacitance : 0.002; }
              pin (E) { direction : input; clock_gate_enable_pin : true; capacitance : 0.002; }
              pin (GCK) { direction : output; } }"""
        )
    if ties:
        for name, value in (("HI", 1), ("LO", 0)):
            cells.append(f'cell ({name}) {{ area : 5; pin (Y) {{ direction : output; function : "{value}"; }} }}')
    return HEAD + "\n".join(cells) + "}\n"
