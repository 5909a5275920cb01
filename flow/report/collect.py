"""From the stages' result files to one report."""

from pathlib import Path

from flow.layout import Layout
from flow.report.convert import quantized_of, training_of
from flow.report.measure import Decoded, decode_split
from flow.report.schema import Baseline, Coder, Data, Encoder, LevelCoder, Report, Simulation, Weights
from flow.stages.dataset_file import load_dataset_file
from model.baselines.pca import OutsideCurve, pca_at_bits, pca_curve
from model.datasets.spikes import SpikeDataset
from model.families import FAMILIES
from quantize.families import QUANTIZED_FAMILIES
from quantize.report import load_report_of
from rtl.manifest import Manifest
from sim.emitted import load_manifest
from sim.results import SimulationResults
from spikecae.design import Design
from spikecae.records import read_record
from spikecae.spec import load_spec
from synth.files import PLACE_REPORT, PLACEMENT
from synth.place.place_report import PlaceReport
from synth.place.placement import Placement, load_placement
from synth.power.power_report import PowerReport
from synth.report import SynthesisReport

__all__ = ["collect", "compare_with_pca", "placement_of"]


def collect(layout: Layout, target: str) -> tuple[Report, Decoded]:
    """Gather what the build folder holds; the report, and the decoded spikes for its pictures.

    Raises:
        FileNotFoundError: a stage has not run.
        ValueError: stages have run on different specs or data, or a file is corrupt.
    """
    design = layout.design
    dataset, spec = load_dataset_file(layout.data), load_spec(layout.quantize)
    quantization = load_report_of(layout.quantize / "metrics.json", QUANTIZED_FAMILIES.of(design).report)
    manifest = load_manifest(layout.rtl)
    again = f"run: make DESIGN={layout.name}"
    simulation = read_record(layout.sim / "results.json", SimulationResults, "simulation results", again)
    synthesis = read_record(layout.synth(target) / "report.json", SynthesisReport, "synthesis report", again)
    made_from = {"rtl": manifest.spec_hash, "sim": simulation.spec_hash, "synth": synthesis.spec_hash}
    for stage, found in made_from.items():
        if found != spec.hash:
            raise ValueError(
                f"{stage} worked on spec {found[:8]}, but quantize made {spec.hash[:8]}; run: {layout.make()}"
            )
    if quantization.data != dataset.source:
        raise ValueError(
            f"quantize worked on {quantization.data}, but the data at hand are {dataset.source}; run: {layout.make()}"
        )
    figures = quantized_of(quantization, design)
    decoded = decode_split(design, spec, layout.quantize / "checkpoint.safetensors", dataset.test)
    report = Report(
        design=design.name,
        data=_data(design, dataset),
        weights=_weights(layout),
        float_model=figures.float_model,
        fixed_point=figures.fixed_point,
        further_points=figures.further_points,
        widths=figures.widths,
        codewords=quantization.codewords,
        layers=figures.layers,
        golden_check_blocks=figures.golden_check.blocks,
        golden_check_values=figures.golden_check.values,
        baseline=compare_with_pca(design, dataset, figures.fixed_point),
        encoder=_encoder(design, manifest, synthesis),
        simulation=_simulation(design, simulation),
        synthesis=synthesis,
        power=_power(layout, target, spec.hash),
    )
    return report, decoded


def _power(layout: Layout, target: str, spec_hash: str) -> PowerReport | None:
    """None if it was never measured, or on another netlist."""
    path = layout.power(target) / "power.json"
    if not path.is_file():
        return None
    power = read_record(path, PowerReport, "power report", f"remove it, or run: make power DESIGN={layout.name}")
    return power if power.spec_hash == spec_hash else None


def placement_of(report: Report, folder: Path) -> Placement | None:
    """The placement whose wires the power was measured with; None if it was measured without, or is another's."""
    if report.power is None or report.power.placement is None or not (folder / PLACE_REPORT).is_file():
        return None
    placed = read_record(folder / PLACE_REPORT, PlaceReport, "report of a placement", f"remove {folder}")
    return load_placement(folder / PLACEMENT) if placed == report.power.placement else None


def _data(design: Design, dataset: SpikeDataset) -> Data:
    return Data(
        source=dataset.source,
        provenance=dataset.provenance,
        unit=dataset.unit,
        sampling_rate_hz=design.recording.sampling_rate_hz,
        train_blocks=len(dataset.train),
        validation_blocks=len(dataset.validation),
        test_blocks=len(dataset.test),
        spikes_per_block=design.block.spikes,
        samples_per_spike=design.block.samples,
        clipped_samples=dataset.clipped_samples,
        total_samples=dataset.total_samples,
        quality=dataset.quality,
    )


def _weights(layout: Layout) -> Weights:
    family, again = FAMILIES.of(layout.design), f"run: make DESIGN={layout.name}"
    metrics = read_record(layout.model / "metrics.json", family.metrics, "metrics of a model", again)
    training = training_of(family.load_training(layout.model / "training.json"))
    return Weights(origin=metrics.weights, training=training)


def compare_with_pca(design: Design, dataset: SpikeDataset, coder: Coder | LevelCoder) -> Baseline:
    """PCA at the coder's bits, on the same splits; where it has none, why."""
    curve = sorted(pca_curve(design, dataset), key=lambda point: point.bits_per_spike)
    try:
        pca, missing = pca_at_bits(curve, coder.bits_per_spike), None
    except OutsideCurve as error:
        pca, missing = None, str(error)
    return Baseline(
        bits_per_spike=coder.bits_per_spike,
        sndr_mean_db=None if pca is None else pca.mean_db,
        gap_db=None if pca is None else coder.sndr_mean_db - pca.mean_db,
        not_available=missing,
        curve_bits_per_spike=[point.bits_per_spike for point in curve],
        curve_sndr_mean_db=[point.sndr.mean_db for point in curve],
    )


def _encoder(design: Design, manifest: Manifest, synthesis: SynthesisReport) -> Encoder:
    macs = sum(unit.macs_per_block for unit in manifest.units if unit.name != "normalizer")
    return Encoder(
        spec_hash=manifest.spec_hash,
        spikes_per_block=manifest.spikes,
        fold=manifest.fold,
        multipliers=manifest.multipliers,
        search_multipliers=manifest.search_multipliers,
        utilisation=manifest.utilisation,
        macs_per_spike=macs / manifest.spikes,
        parameters=manifest.parameters,
        parameter_bits=synthesis.parameter_bits,
        working_memory_bits=synthesis.working_memory_bits,
        clock_mhz=design.hardware.clock_mhz,
    )


def _simulation(design: Design, found: SimulationResults) -> Simulation:
    cycles, latency = found.cycles_per_block, found.latency_cycles
    return Simulation(
        simulator=found.simulator,
        blocks=found.blocks,
        values_compared=found.values_compared,
        mismatches=found.mismatches,
        cycles_per_block_predicted=cycles.predicted,
        cycles_per_block_measured=cycles.mean,
        latency_cycles_predicted=latency.predicted,
        latency_cycles_measured=latency.measured,
        spikes_per_s=design.hardware.clock_mhz * 1e6 / cycles.mean * design.block.spikes,
    )
