"""Builds and runs the cocotb bench on Verilator, and on Icarus where it is installed."""

import json
import os
import shutil
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from cocotb_tools.runner import get_runner
from numpy.typing import NDArray

from sim.emitted import load_manifest, load_writes
from sim.results import BenchResult
from sim.toolchain import available, require
from sim.verilate import build_bench
from sim.wrapper import WRAPPER, wrapper_verilog
from spikecae.design.point_folder import point_folder
from spikecae.spec import EncoderSpec, save_spec

__all__ = ["BenchError", "run_bench", "run_benches"]

BLOCKS = 3
BLOCKS_IN = {"icarus": 2}
"""Of the simulators that are slow."""
THEIR_VARIABLES = ("WAVES", "GUI")
"""Variables that cocotb's runner reads, and that mean something else to make: the bench is built without waves."""
TOOL = {"verilator": "verilator", "icarus": "iverilog"}


class BenchError(RuntimeError):
    """The bench could not be built or started; the log says why."""


def run_benches(
    spec: EncoderSpec,
    rtl_dir: Path,
    adc: NDArray[np.int16],
    folder: Path,
    points: Sequence[EncoderSpec] = (),
) -> list[BenchResult]:
    """Run the bench on every simulator that is installed; Verilator must be.

    Args: as for :func:`run_bench`.
    """
    names = ["verilator", *(["icarus"] if available("iverilog") else [])]
    return [
        run_bench(name, spec, rtl_dir, adc, folder, blocks=BLOCKS_IN.get(name, BLOCKS), points=points) for name in names
    ]


def run_bench(
    simulator: str,
    spec: EncoderSpec,
    rtl_dir: Path,
    adc: NDArray[np.int16],
    folder: Path,
    *,
    blocks: int = BLOCKS,
    points: Sequence[EncoderSpec] = (),
    module: str = "sim.cocotb_bench",
) -> BenchResult:
    """Run a bench on an emitted encoder.

    Args:
        simulator: ``verilator`` or ``icarus``.
        spec: what the encoder was emitted from.
        rtl_dir: folder with its Verilog and manifest.
        adc: (n, M, D) blocks; the first few are used.
        folder: where it is built, and the simulator's log is left (``cocotb-<simulator>/``).
        blocks: how many are used.
        points: specs of further operating points, between which a test switches.
        module: the bench.

    Raises:
        MissingToolError: the simulator, or something it needs, is not installed.
        BenchError: the bench could not be built or started; the log says why.
    """
    versions = require("cocotb", "cocotbext-axi", TOOL[simulator])
    manifest = load_manifest(rtl_dir)
    verilog = rtl_dir / manifest.verilog
    vectors = (folder / f"cocotb-{simulator}").resolve()
    shutil.rmtree(vectors, ignore_errors=True)
    vectors.mkdir(parents=True)
    for number, own in enumerate((spec, *points)):
        save_spec(own, point_folder(vectors, number))
    shutil.copy(rtl_dir / "manifest.json", vectors)
    (vectors / "load.json").write_text(json.dumps(load_writes(rtl_dir, manifest)), encoding="utf-8")
    np.save(vectors / "adc.npy", adc[:blocks], allow_pickle=False)
    report = vectors / "results.xml"
    hidden = {name: os.environ.pop(name) for name in THEIR_VARIABLES if name in os.environ}
    try:
        runner = get_runner(simulator)
        if simulator == "verilator":
            shutil.copy(build_bench(verilog, manifest, folder), vectors / WRAPPER)
        else:
            wrapper = vectors / "wrapper.v"
            wrapper.write_text(wrapper_verilog(manifest), encoding="utf-8")
            runner.build(
                sources=[wrapper, verilog.resolve()],
                hdl_toplevel=WRAPPER,
                build_dir=vectors,
                build_args=["-g2005"],
                timescale=("1ns", "1ps"),
                log_file=vectors / "build.log",
            )
        runner.test(
            test_module=module,
            hdl_toplevel=WRAPPER,
            hdl_toplevel_lang="verilog",
            build_dir=vectors,
            test_dir=vectors,
            timescale=None if simulator == "verilator" else ("1ns", "1ps"),
            extra_env={"SPIKECAE_BENCH": str(vectors)},
            results_xml=str(report),
            log_file=vectors / "run.log",
        )
    except (SystemExit, RuntimeError) as error:
        # Under pytest, a runner also exits where tests have failed; those are in the report.
        if not report.is_file():
            raise BenchError(f"cocotb on {simulator} could not be run: {error}; see the logs in {vectors}") from error
    finally:
        os.environ.update(hidden)
    cases = list(ElementTree.parse(report).iter("testcase"))
    failed = sum(any(child.tag in ("failure", "error") for child in case) for case in cases)
    return BenchResult(
        simulator=f"{simulator} {versions[TOOL[simulator]]}",
        blocks=min(blocks, len(adc)),
        passed=len(cases) - failed,
        failed=failed,
    )
