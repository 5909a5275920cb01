"""Stage ``codec``: what the host needs of a design, in one folder: the encoder spec and the decoder network, at each of
its operating points, and the design file, which says how spikes are found."""

import shutil
from pathlib import Path

from rich.console import Console

from flow.layout import Layout
from flow.task import Task

__all__ = ["plan_codec"]

SPEC_FILES = ("spec.json", "spec.npz")


def plan_codec(layout: Layout) -> Task:
    """Take the spec and export the decoder, of the weights that belong to it: those made here, else the shipped ones.

    Raises:
        FileNotFoundError: there are neither.
    """
    spec = layout.spec
    weights = layout.spec_weights
    specs, networks = layout.of_points(*SPEC_FILES), layout.of_points("decoder.onnx")
    file = f"{layout.design.name}.toml"
    decoders = [weights.parent / name for name in layout.of_points(weights.name)]
    inputs = {name: spec / name for name in specs}
    for path in (*inputs.values(), *decoders):
        if not path.is_file():
            raise FileNotFoundError(f"no file {path}; make it with: {layout.make('quantize')}")

    def run(folder: Path, console: Console) -> str:
        from model.export import export_decoder
        from model.families import FAMILIES

        for name in specs:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(spec / name, folder / name)
        shutil.copyfile(layout.toml, folder / file)
        with console.status("exporting the decoder"):
            for point, path, name in zip(layout.design.points, decoders, networks, strict=True):
                export_decoder(folder / name, point, FAMILIES.of(point).off_chip(point, path).decoder)
        size = (folder / "decoder.onnx").stat().st_size
        return f"spec of {spec}, decoder of {weights}: {size / 1e6:.2f} MB ONNX"

    return Task(
        name="codec",
        entry="flow.stages.codec",
        output=layout.codec,
        files=(*specs, *networks, file),
        run=run,
        inputs={**inputs, "weights": decoders, file: layout.toml},
        tools=("torch", "onnx", "onnxscript"),
    )
