"""A placement as a DEF file, for layout programs: KLayout draws it with the process kit's LEF files."""

from collections.abc import Iterator

from synth.place.blocks import GRID_UM, Blocks
from synth.place.floorplan import Floorplan
from synth.place.placement import Placement

__all__ = ["def_text"]

UNITS_PER_UM = 1000
SITE = "site"


def def_text(design: str, blocks: Blocks, plan: Floorplan, placement: Placement) -> str:
    """Chip, rows, cells and macros; cells are named by their unit and number, nets are left out.

    Args:
        design: name of the top module.
        blocks: what was placed.
        plan: the chip.
        placement: where it lies.
    """
    lines = [
        "VERSION 5.8 ;",
        'DIVIDERCHAR "/" ;',
        'BUSBITCHARS "[]" ;',
        f"DESIGN {design} ;",
        f"UNITS DISTANCE MICRONS {UNITS_PER_UM} ;",
        f"DIEAREA ( 0 0 ) ( {_units(plan.width)} {_units(plan.height)} ) ;",
        *_rows(plan),
        f"COMPONENTS {blocks.cells + blocks.macros} ;",
        *_components(blocks, placement),
        "END COMPONENTS",
        "END DESIGN",
    ]
    return "".join(f"{line}\n" for line in lines)


def _rows(plan: Floorplan) -> Iterator[str]:
    for number in range(plan.height // plan.row):
        way = "FS" if number % 2 else "N"
        yield (
            f"ROW row{number} {SITE} 0 {_units(number * plan.row)} {way} "
            f"DO {plan.width // plan.site} BY 1 STEP {_units(plan.site)} 0 ;"
        )


def _components(blocks: Blocks, placement: Placement) -> Iterator[str]:
    units = [str(unit).replace(".", "/") for unit in placement.units]
    for block in range(blocks.cells + blocks.macros):
        status = "PLACED" if block < blocks.cells else "FIXED"
        place = f"( {_units(placement.x[block])} {_units(placement.y[block])} )"
        way = "FS" if placement.upside_down[block] else "N"
        yield f"- {units[blocks.unit[block]]}/{block} {blocks.kinds[blocks.kind[block]]} + {status} {place} {way} ;"


def _units(length: int) -> int:
    return round(int(length) * GRID_UM * UNITS_PER_UM)
