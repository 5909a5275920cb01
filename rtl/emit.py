"""Encoder spec to Verilog: ``spike_encoder.v`` and ``manifest.json``."""

import json
import os
import re
from pathlib import Path

from amaranth.back import verilog

from rtl.clocked import Clocked
from rtl.constraints import file_list, librelane_config, timing_constraints
from rtl.files import COMPRESSOR, ENCODER, files_beside
from rtl.load import load_json
from rtl.manifest import Manifest, make_manifest
from rtl.plan import make_plan
from rtl.register_map import c_header, json_map
from rtl.spike_compressor import SpikeCompressor
from rtl.spike_encoder import SpikeEncoder
from spikecae.design import Hardware
from spikecae.front_end import FrontEnd
from spikecae.spec import EncoderSpec

__all__ = ["emit"]


def emit(spec: EncoderSpec, hardware: Hardware, out_dir: Path, front_end: FrontEnd | None = None) -> Manifest:
    """Generate the encoder and, where a front end is given, ``spike_compressor.v``: both behind one another.

    Beside both: ``registers.json`` and ``registers.h``; ``spike_encoder.f``, ``spike_encoder.sdc`` and
    ``librelane.json``, for the tools that make a layout; and for loadable parameters ``load.json``, the register
    writes that start the chip. The manifest names them. All are written under temporary names and renamed, the
    manifest last.

    Args:
        spec: the integers to build in.
        hardware: the knobs.
        out_dir: folder for all files.
        front_end: the spike detector in front of the encoder.

    Raises:
        ValueError: the spec's list of stages is not one this hardware knows, or the front end does not fit it.
        RuntimeError: no Yosys to write Verilog with, or a signal that a tap needs was not emitted.
    """
    os.environ.setdefault("AMARANTH_USE_YOSYS", "builtin")
    plan = make_plan(spec, hardware)
    top = SpikeEncoder(plan)
    text = _verilog(top, ENCODER)
    compressor = None if front_end is None else _verilog(SpikeCompressor(front_end, plan), COMPRESSOR)
    files = files_beside(loadable=plan.loadable, front_end=front_end is not None)
    manifest = make_manifest(plan, top, f"{ENCODER}.v", files)
    _check_taps(manifest, text)
    out_dir.mkdir(parents=True, exist_ok=True)
    _write(out_dir / manifest.verilog, text)
    if compressor is not None:
        _write(out_dir / f"{COMPRESSOR}.v", compressor)
    regions = top.chip.encoder.store.regions if plan.loadable else []
    addr_bits = top.chip.addr_bits or 0
    _write(out_dir / "registers.json", json.dumps(json_map(regions, addr_bits), indent=1) + "\n")
    _write(out_dir / "registers.h", c_header(regions, addr_bits))
    clock = hardware.clock_mhz
    _write(out_dir / f"{ENCODER}.f", file_list(manifest.verilog))
    _write(out_dir / f"{ENCODER}.sdc", timing_constraints(ENCODER, clock))
    _write(out_dir / "librelane.json", librelane_config(ENCODER, manifest.verilog, f"{ENCODER}.sdc", clock))
    if plan.loadable:
        _write(out_dir / "load.json", load_json(plan))
    _write(out_dir / "manifest.json", manifest.model_dump_json(indent=1) + "\n")
    return manifest


def _verilog(top: Clocked, name: str) -> str:
    text: str = verilog.convert(top, name=name, strip_internal_attrs=True, emit_src=False)
    return text


def _check_taps(manifest: Manifest, text: str) -> None:
    ports = {name: set(ports.split(", ")) for name, ports in re.findall(r"^module \\?(\S+) \(([^;]*)\);", text, re.M)}
    for tap in manifest.taps:
        module = f"{manifest.top}.{tap.instance}"
        missing = {tap.valid, tap.ready, tap.payload} - {port.strip() for port in ports.get(module, ())}
        if missing:
            raise RuntimeError(f"tap {tap.stage}: module {module} has no port {', '.join(sorted(missing))}")


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)
