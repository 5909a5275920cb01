"""What each stage's outputs were made with, from the stamps in the build folder."""

from flow.fingerprint import hash_json
from flow.layout import Layout
from flow.runner import read_stamp
from synth.part import Part

__all__ = ["MadeFrom", "made_from"]


class MadeFrom(Part):
    """Of one stage's outputs: hashes of the code, and of what was read, by name; versions of tools."""

    stage: str
    code: str
    inputs: dict[str, str]
    tools: dict[str, str]


def made_from(layout: Layout, target: str, *, placed: bool, measured: bool) -> list[MadeFrom]:
    """Of every stage whose figures are in the report, in their order.

    Args:
        layout: the design's.
        target: name of the target.
        placed, measured: whether a placement, and power, is among them.
    """
    stages = ["data", "train", "quantize", "rtl", "sim", f"synth-{target}"]
    stages += [f"place-{target}"] if placed else []
    stages += [f"power-{target}"] if measured else []
    found = []
    for stage in stages:
        stamp = read_stamp(layout.build / "stamps" / f"{stage}.json")
        if stamp is not None:
            told = stamp.ingredients
            found.append(
                MadeFrom(
                    stage=stage.replace("-", " ", 1),
                    code=hash_json(told.get("source", {})),
                    inputs=told.get("input", {}),
                    tools=told.get("tool", {}),
                )
            )
    return found
