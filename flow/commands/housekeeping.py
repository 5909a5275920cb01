"""Commands about the checkout: what is installed, and what is left behind."""

from flow.clean import clean as remove_outputs
from flow.commands.app import Answer, Said, command, console
from flow.commands.options import NEUROPIXELS, BuildName, DesignName
from flow.layout import BUILD, find_layout

__all__: list[str] = []


@command("doctor", "doctor --json")
def doctor() -> Answer:
    """Check the programs, folders and disk space that the stages need."""
    from flow.doctor import examine, table_of

    found, shown = examine(), console()
    shown.print(table_of(found))
    text = "everything needed is here" if found.complete else "something is missing; see the lines marked ✗"
    return Answer(found, text, well=found.complete)


@command("clean --design tiny")
def clean(design: DesignName = NEUROPIXELS, build: BuildName = None) -> Answer:
    """Remove what stages wrote in build/<design>, and say what."""
    from flow.report.index import INDEX, write_index

    text = remove_outputs(find_layout(design, build))
    if (BUILD / INDEX).is_file():
        write_index(BUILD)
    return Answer(Said(text=text), text)
