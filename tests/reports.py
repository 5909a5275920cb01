"""Reports of all stages, small and made up, for what reads them."""

from collections.abc import Iterable

import numpy as np

from flow.report.bits import BitShare
from flow.report.made_from import MadeFrom
from flow.report.ranges import Range
from flow.report.schema import Baseline, Coder, Data, Encoder, Groups, Layer, Report, Training, Weights
from model.data_quality import DataQuality, LeftOut, NoiseRange
from rtl.describe import make_manifest
from rtl.manifest import Manifest, Unit
from rtl.planning import make_plan
from rtl.spike_encoder import SpikeEncoder
from sim.results import BenchResult, CyclesPerBlock, Latency, OtherTop, SimulationResults, Speed
from spikecae.design import load_design
from spikecae.evaluation.result import OfGroup
from spikecae.spec import load_spec
from synth.estimate.analytic import estimate
from synth.estimate.estimate_report import Estimate
from synth.gates.critical_path import CriticalPath
from synth.mapping.mapping_report import ModuleStatistics, Multipliers
from synth.place.place_report import ClockFigures, PlaceReport, WireFigures
from synth.place.placement import Placement
from synth.power.budget import budget
from synth.power.power_report import Budget, Energy, MemoryAccesses, PowerReport, UnitEnergy
from synth.report import SynthesisReport
from synth.targets.find import with_costs
from synth.targets.process import Figure, Process
from synth.targets.registry import PROCESSES
from tests.conftest import DESIGNS

__all__ = [
    "sample_budget",
    "sample_estimates",
    "sample_manifest",
    "sample_placement",
    "sample_power",
    "sample_report",
    "sample_simulation",
    "sample_synthesis",
]


def sample_report() -> Report:
    """Of a small design, as a run ends with it."""
    coder = Coder(
        sndr_mean_db=12.34,
        sndr_global_db=13.57,
        entropy_bits_per_index=3.0,
        huffman_bits_per_index=3.1,
        bits_per_spike=6.1,
        cr_entropy=42.7,
        cr_huffman=41.3,
        cr_wire=26.1,
        cr_wire_events=9.5,
        codewords_used=15,
    )
    training = Training(
        data="spikes.mat",
        provenance="real",
        recipe="best",
        epochs=9,
        best_epoch=8,
        wall_s=77.0,
        threads=2,
        sndr_mean_db=14.9,
        cr_entropy=38.2,
    )
    return Report(
        design="tiny",
        data=Data(
            source="embedded recording (seed 4)",
            provenance="synthetic",
            unit="uV",
            sampling_rate_hz=30000.0,
            train_blocks=400,
            validation_blocks=50,
            test_blocks=450,
            sha256="abcdef",
            spikes_per_block=2,
            samples_per_spike=16,
            clipped_samples=3,
            total_samples=28800,
            quality=DataQuality(
                duration_s=20.0,
                channels=16,
                left_out=[LeftOut(what="channel 5", reason="never varies")],
                bad_samples={"clipped": 3000},
                excluded_spikes={"clipped": 10},
                noise=NoiseRange(least=4.77, largest=4.88),
                silent_spikes=7,
                notes=["channel 4: clipped from 10.000 to 10.100 s"],
            ),
        ),
        weights=Weights(origin="shipped", training=training),
        float_model=coder,
        fixed_point=coder.model_copy(update={"sndr_mean_db": 12.21}),
        widths="4/6/5-bit",
        codewords=16,
        layers=[Layer(name="conv", sqnr_db=40.0, accumulated_sqnr_db=35.0, saturation_rate=0.001)],
        golden_check_blocks=450,
        golden_check_values=123456,
        baseline=Baseline(
            bits_per_spike=6.1,
            sndr_mean_db=15.71,
            gap_db=-3.5,
            not_available=None,
            curve_bits_per_spike=[1.0, 20.0],
            curve_sndr_mean_db=[5.0, 25.0],
        ),
        groups=Groups(by="channel", groups=[_group("channel 4", 9.9), _group("channel 2", 14.4)]),
        bits=[BitShare(name="codewords", bits_per_spike=6.2), BitShare(name="channel and time", bits_per_spike=3.8)],
        ranges=[Range(name="conv", bits=8, signed=False, minimum=0, maximum=255, at_limits=0.01)],
        encoder=Encoder(
            spec_hash="0123456789abcdef",
            spikes_per_block=2,
            fold=2,
            multipliers=27,
            search_multipliers=4,
            utilisation=0.98,
            macs_per_spike=1856.0,
            parameters="ram",
            parameter_bits=8192,
            working_memory_bits=4096,
            clock_mhz=20.0,
            units=[Unit(name="conv", module="chip.conv", multipliers=27, macs_per_block=3400)],
        ),
        simulation=sample_simulation(),
        synthesis=sample_synthesis(),
        made_from=[MadeFrom(stage="sim", code="c0de", inputs={"manifest.json": "1234"}, tools={"verilator": "5"})],
    )


def _group(name: str, quality: float) -> OfGroup:
    return OfGroup(
        name=name,
        events=31,
        sndr_mean_db=quality,
        sndr_global_db=quality,
        amplitude_bias_percent=-1.0,
        amplitude_error_percent=2.0,
        template_error_percent=3.0,
    )


def sample_simulation() -> SimulationResults:
    """Of the small design, without a fault."""
    return SimulationResults(
        design="tiny",
        spec_hash="0123456789abcdef",
        fold=2,
        verilog_sha256="f00d",
        simulator="Verilator 5",
        blocks=256,
        paused_blocks=16,
        values_compared=345455,
        mismatches=0,
        mismatches_by_stage={"conv": 0},
        first_mismatch=None,
        left_over=0,
        cycles_per_block=CyclesPerBlock(
            predicted=128, mean=127.9, minimum=126, median=128.0, maximum=130, intervals=252, deviation_percent=-0.1
        ),
        latency_cycles=Latency(predicted=271, measured=254),
        multiplier_utilisation=0.98,
        lint_warnings={},
        speed=Speed(kilocycles_per_s=10.0, method="wall clock"),
        waves=None,
        benches=[BenchResult(simulator="icarus", blocks=4, passed=10, failed=0)],
        others=[
            OtherTop(verilog="other.v", blocks=2, values_compared=9, mismatches=0, first_mismatch=None, left_over=0)
        ],
    )


def sample_manifest() -> Manifest:
    """Of the small design."""
    plan = make_plan(load_spec(DESIGNS / "tiny"), load_design(DESIGNS / "tiny.toml").hardware)
    return make_manifest(plan, SpikeEncoder(plan), "spike_encoder.v", [], {})


def sample_synthesis() -> SynthesisReport:
    """For a target without cells."""
    counted = _counted()
    return SynthesisReport(
        design="tiny",
        spec_hash="0123456789abcdef",
        target="generic",
        method="counted",
        encoder=counted,
        units=[counted],
        parameter_bits=8192,
        working_memory_bits=4096,
        activation_bytes=99.0,
        estimates=sample_estimates([PROCESSES["45nm"]]),
    )


def sample_estimates(processes: Iterable[Process] | None = None) -> list[Estimate]:
    """Of the small design, for every process that has costs if none is named."""
    plan = make_plan(load_spec(DESIGNS / "tiny"), load_design(DESIGNS / "tiny.toml").hardware)
    chosen = with_costs().values() if processes is None else processes
    return [estimate(plan, sample_manifest(), process, _counted()) for process in chosen]


def _counted() -> ModuleStatistics:
    return ModuleStatistics(
        module="spike_encoder",
        cells=10,
        cells_by_type={"$mul": 1},
        multipliers=[Multipliers(a_bits=8, b_bits=8, count=1)],
        flip_flop_bits=1234,
        latch_bits=0,
        multiplexer_bits=5,
        adder_bits=6,
        memories=[],
        memory_bits=7,
    )


def sample_power() -> PowerReport:
    """Of a netlist in which one memory has no macro."""
    unit = UnitEnergy(name="vq", gates_pj=10.0, flip_flops_pj=1.0, clock_pj=2.0, nets_pj=20.0, memories_pj=0.0)
    energy = Energy(cycles=128, units=[unit], clock_tree_pj=1.0, transitions=9, glitch_share=0.41, settled_ns=9.0)
    path = CriticalPath(
        method="own", ns=12.5, max_clock_mhz=80.0, begin="a flip-flop", end="output x", cells=7, units=["vq"]
    )
    return PowerReport(
        design="tiny",
        spec_hash="0123456789abcdef",
        target="small",
        process="Small, 1.2 V",
        voltage_v=1.2,
        clock_mhz=20.0,
        method="gates",
        blocks=3,
        spikes=6,
        packets_checked=9,
        cycles_per_block=128.0,
        critical_path=path,
        wire_pf_per_pin=0.005,
        busy=energy,
        idle=energy,
        energy_nj_per_spike=651.4,
        energy_nj_per_spike_by_kind={"nets": 347.3},
        energy_nj_per_spike_by_unit={"vq": 120.3, "pool": 0.1},
        asleep_share=1.0,
        idle_uw=6.3,
        idle_clocked_uw=763.0,
        leakage_uw=38.2,
        memories=[
            MemoryAccesses(name="buffer", macro=None, reads_per_block=2.0, writes_per_block=1.0, read_pj=0.0),
            MemoryAccesses(name="codes", macro="SRAM", reads_per_block=2.0, writes_per_block=0.0, read_pj=3.0),
        ],
        wires=[],
        budget=None,
        notes=["left out: pads"],
    )


def sample_placement() -> tuple[PlaceReport, Placement]:
    """Of two cells and a macro."""
    figure = Figure(value=0.17, source="a guess")
    wires = WireFigures(
        nets=3,
        sinks=5,
        half_perimeter_mm=0.1,
        wire_mm=0.12,
        um_per_net=40.0,
        um_per_sink=24.0,
        ff_per_um=figure,
        clock_ff_per_um=figure,
        detour=Figure(value=1.1, source="a guess"),
    )
    report = PlaceReport(
        design="tiny",
        spec_hash="0123456789abcdef",
        target="small",
        netlist_sha256="0123",
        method="placed",
        density=0.7,
        seed=1,
        cells=2,
        macros=1,
        die_width_um=8.0,
        die_height_um=8.0,
        utilisation=0.7,
        wires=wires,
        clock=ClockFigures(pins=32, buffers=2, levels=1, wire_mm=0.2, insertion_ns=0.3, skew_ns=0.1),
    )
    placement = Placement(
        die=np.array([1600, 1600, 400, 100], dtype=np.int32),
        counts=np.array([2, 1], dtype=np.int32),
        x=np.array([0, 400, 0], dtype=np.int32),
        y=np.array([800, 1200, 0], dtype=np.int32),
        width=np.array([400, 400, 1600], dtype=np.int32),
        height=np.array([400, 400, 700], dtype=np.int32),
        upside_down=np.array([False, True, True]),
        unit=np.array([0, 1, 1], dtype=np.int32),
        units=np.array(["spike_encoder", "chip.vq"]),
    )
    return report, placement


def sample_budget() -> Budget:
    """Of a chip that sends a fifth as much where its clock always runs."""
    return budget(
        nj_per_spike=30.0,
        isolated_nj_per_spike=30.0,
        leakage_uw=5.0,
        idle_uw=6.3,
        idle_clocked_uw=450.0,
        cells_um2=8e5,
        macros_um2=1.4e5,
        placement_density=0.7,
        spikes_per_s=3e5,
        raw_bits_per_spike=256.0,
        wire_bits_per_spike=10.0,
    )
