"""From the stages' result files to one report."""

from flow.layout import Layout
from flow.report.bits import bit_budget
from flow.report.convert import quantized_of, training_of
from flow.report.groups import grouped
from flow.report.made_from import made_from
from flow.report.measure import Decoded, decode_split
from flow.report.ranges import ranges_of
from flow.report.schema import Baseline, Coder, Data, Encoder, Groups, LevelCoder, Report, Weights
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
from synth.files import PLACE_REPORT
from synth.gates.netlist_file import netlist_hash
from synth.place.place_report import PlaceReport
from synth.power.power_report import PowerReport
from synth.report import SynthesisReport
from synth.targets.find import target_name

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
    worked_on = {"rtl": manifest.spec_hash, "sim": simulation.spec_hash, "synth": synthesis.spec_hash}
    for stage, found in worked_on.items():
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
    groups, coded = grouped(design, decoded), figures.fixed_point
    placement, power = placement_of(layout, target), _power(layout, target, spec.hash)
    report = Report(
        design=design.name,
        data=_data(design, dataset),
        weights=_weights(layout),
        float_model=figures.float_model,
        fixed_point=coded,
        further_points=figures.further_points,
        widths=figures.widths,
        codewords=quantization.codewords,
        layers=figures.layers,
        golden_check_blocks=figures.golden_check.blocks,
        golden_check_values=figures.golden_check.values,
        baseline=compare_with_pca(design, dataset, coded),
        groups=Groups(by=groups.by, groups=groups.figures),
        bits=bit_budget(
            decoded.sent,
            design.block.samples,
            huffman=coded.cr_huffman,
            wire=coded.cr_wire,
            events=coded.cr_wire_events,
        ),
        ranges=ranges_of(decoded.extremes, manifest.taps),
        encoder=_encoder(design, manifest, synthesis),
        simulation=simulation,
        synthesis=synthesis,
        placement=placement,
        power=power,
        made_from=made_from(layout, target_name(target), placed=placement is not None, measured=power is not None),
    )
    return report, decoded


def _power(layout: Layout, target: str, spec_hash: str) -> PowerReport | None:
    """None if it was never measured, or on another netlist."""
    path = layout.power(target) / "power.json"
    if not path.is_file():
        return None
    power = read_record(path, PowerReport, "power report", f"remove it, or run: make power DESIGN={layout.name}")
    return power if power.spec_hash == spec_hash else None


def placement_of(layout: Layout, target: str) -> PlaceReport | None:
    """Of the netlist for a target, as it is now; None if it was never placed, or another one was."""
    path = layout.place(target) / PLACE_REPORT
    if not path.is_file():
        return None
    placed = read_record(path, PlaceReport, "report of a placement", f"remove {path.parent}")
    return placed if placed.netlist_sha256 == netlist_hash(layout.synth(target)) else None


def _data(design: Design, dataset: SpikeDataset) -> Data:
    return Data(
        source=dataset.source,
        provenance=dataset.provenance,
        unit=dataset.unit,
        sampling_rate_hz=design.recording.sampling_rate_hz,
        train_blocks=len(dataset.train),
        validation_blocks=len(dataset.validation),
        test_blocks=len(dataset.test),
        sha256=dataset.sha256,
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
        units=manifest.units,
    )
