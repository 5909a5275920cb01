"""Stage ``report``: what all stages found, as ``report.json``, ``report.html`` and a table."""

from pathlib import Path

from rich.console import Console

from flow.layout import Layout
from flow.task import Task
from synth.files import NETLIST, PLACEMENT

__all__ = ["plan_report"]


def plan_report(layout: Layout, target: str) -> Task:
    """Gather the results in the build folder."""
    inputs = {
        "model/metrics.json": layout.model / "metrics.json",
        "model/training.json": layout.model / "training.json",
        "quantize/metrics.json": layout.quantize / "metrics.json",
        "rtl/manifest.json": layout.rtl / "manifest.json",
        "sim/results.json": layout.sim / "results.json",
        f"synth/{target}/report.json": layout.synth(target) / "report.json",
    }
    command = layout.make(TARGET=None if target == "generic" else target)
    for path in inputs.values():
        if not path.is_file():
            raise FileNotFoundError(f"no {path}, so there is nothing to report on it; run: {command}")

    power = layout.power(target) / "power.json"
    if power.is_file():
        inputs[f"power/{target}/power.json"] = power
    placement = layout.place(target) / PLACEMENT
    if placement.is_file():
        inputs[f"place/{target}/{PLACEMENT}"] = placement
        inputs[f"synth/{target}/{NETLIST}"] = layout.synth(target) / NETLIST

    def run(folder: Path, console: Console) -> str:
        from flow.report.collect import collect
        from flow.report.page import write_page
        from flow.report.table import table_text
        from synth.place.placement import load_placement

        with console.status("writing the report"):
            report, decoded = collect(layout, target)
            placement = None if report.placement is None else load_placement(layout.place(target) / PLACEMENT)
            (folder / "report.json").write_text(report.model_dump_json(indent=1) + "\n", encoding="utf-8")
            (folder / "report.txt").write_text(table_text(report), encoding="utf-8")
            write_page(layout.design, report, decoded, folder, placement)
        return f"see {layout.build / 'report.html'}"

    return Task(
        name="report",
        entry="flow.stages.report",
        output=layout.build,
        files=("report.json", "report.html", "report.txt", "spikes.svg"),
        run=run,
        inputs=inputs
        | {
            "data": layout.data,
            "spec.json": layout.quantize / "spec.json",
            "spec.npz": layout.quantize / "spec.npz",
            "weights": layout.quantize / "checkpoint.safetensors",
        },
        settings={"target": target, "design": layout.design.model_dump(mode="json")},
        tools=("matplotlib", "jinja2"),
        replaces_folder=False,
    )
