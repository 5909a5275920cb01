"""Whether what the build folder holds is of the design as it is now: editing the file must not leave the old chip."""

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from flow.fingerprint import hash_path
from flow.layout import Layout
from flow.runner import StageError, read_stamp, stamp_path
from flow.stages.quantize import plan_quantize
from flow.task import Task

__all__ = ["changed_settings", "require_current", "require_data_at_hand", "require_spec_of_design"]

SHAPING = ("name", "adc", "block", "encoder", "codebook", "normalization", "quantization")
"""Sections that decide what spec is made."""
TRAINED = ("name", "adc.", "block.", "encoder.", "codebook.codewords", "normalization.")
"""Keys that weights depend on."""


def changed_settings(task: Task, layout: Layout) -> list[tuple[str, object, object]]:
    """Settings that a stage's outputs were made with and that are others now: key, then, now.

    Empty where the outputs are not what the stage made; what only one of both has is no change.
    """
    stamp = read_stamp(stamp_path(task, layout.build))
    if stamp is None or any(
        not (task.output / name).is_file() or hash_path(task.output / name) != content
        for name, content in stamp.outputs.items()
    ):
        return []
    before = {name: _parsed(text) for name, text in stamp.ingredients.get("setting", {}).items()}
    now = {name: _parsed(str(value)) for name, value in task.settings.items()}
    return list(_changed("", before, now))


def require_spec_of_design(layout: Layout) -> None:
    """Refuse a spec, made here or shipped, that is not one of the design; where there is none, that is others' to say.

    Raises:
        StageError: the spec was made for other keys; each is named, with both values and the remedy.
        ValueError: the spec is broken.
    """
    if not all((layout.spec / name).is_file() for name in ("spec.json", "spec.npz")):
        return
    found = []
    if layout.spec == layout.quantize:
        made = changed_settings(plan_quantize(layout), layout)
        found = [change for change in made if change[0].split(".")[0] in SHAPING]
    if not found:
        from spikecae.agreement import differences
        from spikecae.spec.operating_points import load_operating_points

        first, *further = load_operating_points(layout.spec)
        of_shape = differences(first, layout.design)
        found = [(one.key, one.in_spec, one.in_design) for one in of_shape]
        points = len(layout.design.points) - 1
        if len(further) != points:
            found.append(("encoder.further_bits_per_spike", f"{len(further)} points", f"{points} points"))
    if not found:
        return
    lines = [f"  {key}: the spec was made with {before}, the design has {now}" for key, before, now in found]
    steps = [layout.make("quantize")]
    if any(key.startswith(TRAINED) for key, _, _ in found):
        steps.insert(0, layout.make("train"))
    title = f"{layout.spec / 'spec.json'} is not of {layout.toml} as it is now:"
    raise StageError("\n".join([title, *lines, f"make one that is: {', then '.join(steps)}; or undo the change"]))


def require_current(task: Task, layout: Layout, remedy: str) -> None:
    """Refuse outputs of a stage that were made with other settings than the design has now.

    Raises:
        StageError: they are; each setting is named, with both values and the remedy.
    """
    found = changed_settings(task, layout)
    if found:
        lines = [f"  {key}: made with {before}, the design has {now}" for key, before, now in found]
        title = f"{task.output} is not of {layout.toml} as it is now:"
        raise StageError("\n".join([title, *lines, f"make it anew: {remedy}"]))


def require_data_at_hand(task: Task, layout: Layout, remedy: str) -> None:
    """Refuse outputs of a stage that were made from other spikes than the build folder holds now.

    Raises:
        StageError: they were; the remedy is named.
    """
    stamp = read_stamp(stamp_path(task, layout.build))
    before = None if stamp is None else stamp.ingredients.get("input", {}).get("data")
    if before is not None and before != hash_path(layout.data):
        raise StageError(f"{task.output} was made from other spikes than {layout.data} holds now; run: {remedy}")


def _changed(key: str, before: Any, now: Any) -> Iterator[tuple[str, object, object]]:
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for name in sorted(before.keys() & now.keys()):
            yield from _changed(f"{key}.{name}" if key else name, before[name], now[name])
    elif before != now:
        yield key, before, now


def _parsed(text: str) -> Any:
    """A setting as a stamp has it: the text of a JSON value."""
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return text
