"""Encoder spec to Verilog: ``spike_encoder.v`` and ``manifest.json``."""

import json
import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from amaranth.back import verilog

from rtl.constraints import file_list, librelane_config, timing_constraints
from rtl.describe import make_manifest, manifest_of_compressor
from rtl.files import COMPRESSOR, ENCODER, MANIFESTS, WAIVERS, files_beside, layout_verilog, model_file
from rtl.host.load import load_json
from rtl.host.register_map import c_header, json_map
from rtl.lint import waivers
from rtl.manifest import Manifest
from rtl.memory.back_ends import Macros, back_end
from rtl.memory.kit import Macro, MacroKit
from rtl.memory.macro_models import macro_models
from rtl.planning import make_plan
from rtl.spike_compressor import SpikeCompressor
from rtl.spike_encoder import SpikeEncoder
from rtl.units.clock_gate import clock_gate_verilog
from rtl.units.clocked import Clocked
from spikecae.design import BlockKind, Hardware
from spikecae.files import write_text
from spikecae.front_end.front_end import FrontEnd
from spikecae.spec import EncoderSpec

__all__ = ["emit"]


def emit(
    spec: EncoderSpec,
    hardware: Hardware,
    out_dir: Path,
    front_end: FrontEnd | None = None,
    kit: MacroKit | None = None,
    others: Sequence[EncoderSpec] = (),
    block: BlockKind = "queue",
) -> Manifest:
    """Generate the encoder and, where a front end is given, ``spike_compressor.v``: both behind one another.

    Beside both: ``registers.json`` and ``registers.h``; ``spike_encoder.vlt``, waivers for Verilator;
    ``spike_encoder.f``, ``spike_encoder.sdc`` and ``librelane.json``, for the tools that make a layout; and for
    loadable parameters ``load.json``, the register writes that start the chip. Where ``hardware.memories`` asks for
    macros or flip-flops, Verilog with these, for the layout tools, and models of the macros. The manifest names them.
    All are written under temporary names and renamed, the manifest last.

    Args:
        spec: the integers to build in; with several operating points, those of point 0.
        hardware: the knobs.
        out_dir: folder for all files.
        front_end: the spike detector in front of the encoder.
        kit: macros of the process that ``hardware.memories`` names, where it names one.
        others: specs of the further operating points.
        block: what a block's spikes are.

    Raises:
        ValueError: the spec's list of stages is not one this hardware knows, the front end does not fit it, the kit is
            missing or another process's, or no macro serves a memory.
        RuntimeError: no Yosys to write Verilog with, or a signal that a tap needs was not emitted.
    """
    os.environ.setdefault("AMARANTH_USE_YOSYS", "builtin")
    plan, memories = make_plan(spec, hardware, others, block), hardware.memories
    back_end(memories, kit)  # a kit that is missing is told before anything is built
    top = SpikeEncoder(plan)
    texts = {f"{ENCODER}.v": _verilog(top, ENCODER, back_end("inferred"))}
    whole, of_whole = None, Counter[Macro]()
    if front_end is not None:
        whole = SpikeCompressor(front_end, plan)
        texts[f"{COMPRESSOR}.v"] = _verilog(whole, COMPRESSOR, back_end("inferred"))
    layout, macros, modelled = layout_verilog(ENCODER, memories), Counter[Macro](), set[Macro]()
    if memories != "inferred":
        texts[layout], macros = _with_back_end(SpikeEncoder(plan), ENCODER, hardware, kit)
        modelled |= macros.keys()
        if front_end is not None:
            compressor = SpikeCompressor(front_end, plan)
            texts[layout_verilog(COMPRESSOR, memories)], of_whole = _with_back_end(
                compressor, COMPRESSOR, hardware, kit
            )
            modelled |= of_whole.keys()
    models = model_file(memories)
    if models is not None:
        texts[models] = macro_models(modelled)
    files = files_beside(loadable=plan.loadable, front_end=front_end is not None, memories=memories)
    placed = sorted(macros, key=lambda macro: macro.name)
    counts = {macro.name: macros[macro] for macro in placed}
    manifest = make_manifest(plan, top, f"{ENCODER}.v", files, counts)
    if whole is not None and front_end is not None:
        counts = {macro.name: n for macro, n in sorted(of_whole.items(), key=lambda item: item[0].name)}
        described = manifest_of_compressor(manifest, whole, front_end, counts)
        texts[MANIFESTS[COMPRESSOR]] = described.model_dump_json(indent=1) + "\n"
    _check_taps(manifest, texts[manifest.verilog])
    texts[WAIVERS] = waivers(name for name in texts if name.endswith(".v"))
    for name, text in texts.items():
        write_text(out_dir / name, text)
    regions = top.chip.encoder.store.regions if plan.loadable else []
    addr_bits = top.chip.addr_bits or 0
    write_text(out_dir / "registers.json", json.dumps(json_map(regions, addr_bits), indent=1) + "\n")
    write_text(out_dir / "registers.h", c_header(regions, addr_bits))
    clock = hardware.clock_mhz
    write_text(out_dir / f"{ENCODER}.f", file_list(layout, kit.verilog(placed) if kit else ()))
    write_text(out_dir / f"{ENCODER}.sdc", timing_constraints(ENCODER, clock))
    write_text(out_dir / "librelane.json", librelane_config(ENCODER, layout, f"{ENCODER}.sdc", clock, kit, placed))
    if plan.loadable:
        write_text(out_dir / "load.json", load_json(plan))
    write_text(out_dir / MANIFESTS[ENCODER], manifest.model_dump_json(indent=1) + "\n")
    return manifest


def _verilog(top: Clocked, name: str, platform: object) -> str:
    text: str = verilog.convert(top, platform=platform, name=name, strip_internal_attrs=True, emit_src=False)
    return text + clock_gate_verilog()


def _with_back_end(top: Clocked, name: str, hardware: Hardware, kit: MacroKit | None) -> tuple[str, Counter[Macro]]:
    platform = back_end(hardware.memories, kit, hardware.macro_rows)
    text = _verilog(top, name, platform)
    return text, platform.used if isinstance(platform, Macros) else Counter()


def _check_taps(manifest: Manifest, text: str) -> None:
    ports = {name: set(ports.split(", ")) for name, ports in re.findall(r"^module \\?(\S+) \(([^;]*)\);", text, re.M)}
    for tap in manifest.taps:
        module = f"{manifest.top}.{tap.instance}"
        missing = {tap.valid, tap.ready, tap.payload} - {port.strip() for port in ports.get(module, ())}
        if missing:
            raise RuntimeError(f"tap {tap.stage}: module {module} has no port {', '.join(sorted(missing))}")
