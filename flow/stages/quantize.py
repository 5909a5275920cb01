"""Stage ``quantize``: from float weights to the encoder spec."""

from pathlib import Path

from rich.console import Console

from flow.layout import Layout
from flow.stages.progress import stepper
from flow.task import Task

__all__ = ["plan_quantize"]

SECTIONS = {"name", "adc", "block", "encoder", "codebook", "normalization", "quantization", "training"}
HARDWARE = ("bias_bits", "identity_shift", "packet_blocks")
"""Of the hardware, what bounds the integers, and the blocks of a packet."""


def plan_quantize(layout: Layout) -> Task:
    """Quantize the weights in the build folder, calibrated on the data there."""
    design, checkpoint = layout.design, layout.model / "checkpoint.safetensors"

    def run(folder: Path, console: Console) -> str:
        from flow.stages.dataset_file import load_dataset_file
        from quantize.families import QUANTIZED_FAMILIES

        with stepper("quantize", console) as progress:
            dataset = load_dataset_file(layout.data)
            return str(QUANTIZED_FAMILIES.of(design).quantize(design, checkpoint, dataset, folder, progress))

    return Task(
        name="quantize",
        entry="flow.stages.quantize",
        output=layout.quantize,
        files=("metrics.json", *layout.of_points("spec.json", "spec.npz", "checkpoint.safetensors")),
        run=run,
        inputs={"data": layout.data, "weights": [layout.model / name for name in layout.of_points(checkpoint.name)]},
        settings={name: part for name, part in design.model_dump(mode="json").items() if name in SECTIONS}
        | {name: getattr(design.hardware, name) for name in HARDWARE},
        tools=("torch", "numpy"),
    )
