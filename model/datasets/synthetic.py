"""The embedded recording: a ground truth made by SpikeInterface from the design's seed."""

from typing import TYPE_CHECKING

from spikecae.design import Design

if TYPE_CHECKING:
    from spikeinterface.core import BaseRecording

__all__ = ["command_to_train", "embedded_name", "synthetic_recording"]

JITTER = 8
"""Sub-sample positions at which a template can occur."""


def embedded_name(design: Design) -> str:
    """What reports call the design's embedded recording."""
    return f"embedded recording (seed {design.synthetic.seed})"


def command_to_train(design: Design, source: str, epochs: int | None = None, *, from_shipped: bool = False) -> str:
    """What trains a design again on the spikes of ``source``, the embedded recording or a file, as reports say it."""
    data = "" if source == embedded_name(design) else f" DATA={source}"
    start = " FROM_SHIPPED=1" if from_shipped else ""
    return f"make train DESIGN={design.name}{data}{'' if epochs is None else f' EPOCHS={epochs}'}{start}"


def synthetic_recording(design: Design) -> "BaseRecording":
    """A raw recording of ``design.synthetic.duration_s``, lazily generated, the same for the same design.

    Contacts stand in two columns 32 µm apart at 15 µm (Neuropixels 2.0), four or fewer at the corners of a square of
    25 µm (a tetrode). Waveforms and noise are in recording units.
    """
    from spikeinterface.generation import generate_ground_truth_recording  # takes seconds to import
    from spikeinterface.preprocessing import scale

    made = design.synthetic
    dense = made.channels > 4
    recording, _ = generate_ground_truth_recording(
        durations=[made.duration_s],
        sampling_frequency=design.recording.sampling_rate_hz,
        num_channels=made.channels,
        num_units=made.units,
        generate_probe_kwargs={
            "num_columns": min(2, made.channels),
            "xpitch": 32 if dense else 25,
            "ypitch": 15 if dense else 25,
            "contact_shapes": "circle",
            "contact_shape_params": {"radius": 6},
        },
        ms_before=1.0,
        ms_after=3.0,
        upsample_factor=JITTER,
        generate_sorting_kwargs={"firing_rates": tuple(made.firing_rate_hz), "refractory_period_ms": 4.0},
        noise_kwargs={"noise_levels": made.noise, "strategy": "on_the_fly"},
        generate_unit_locations_kwargs={
            "margin_um": 10.0,
            "minimum_z": 5.0,
            "maximum_z": 40.0,
            "minimum_distance": 15.0 if dense else None,
        },
        generate_templates_kwargs={"unit_params": {"alpha": tuple(made.amplitude)}},
        seed=made.seed,
    )
    return scale(recording, gain=-1.0) if design.recording.polarity == "positive" else recording
