"""What a host writes to start an encoder with loadable parameters."""

import json
import zlib

from rtl.host.parameter_store import address_bits, lay_out
from rtl.host.register_map import POINT_HASHES, register, window_bit
from rtl.memory.parameter_memory import BUS_BITS
from rtl.shape.plan import Plan
from spikecae.spec import EncoderSpec

__all__ = ["hash_bits", "load_json", "load_writes", "offsets_of"]


def hash_bits(spec: EncoderSpec) -> int:
    """What ``spec_hash`` has of a spec's hash: its first 32 bits."""
    return int(spec.hash[:8], 16)


def offsets_of(plan: Plan) -> dict[str, list[range]]:
    """Where a host finds the parameters: for each memory, of each of its words, the byte offsets of its bus words, the
    lowest bits first."""
    regions = lay_out(plan.images)
    window = 1 << window_bit(address_bits(regions))
    offsets = dict[str, list[range]]()
    for region in regions:
        first = [window + 4 * (region.base + word * region.lanes) for word in range(region.words)]
        offsets[region.name] = [range(offset, offset + 4 * region.lanes, 4) for offset in first]
    return offsets


def load_writes(plan: Plan) -> list[tuple[int, int]]:
    """(byte offset, value) of every write: parameters, the specs' hashes, the parameters' CRC-32, and run.

    Raises:
        ValueError: the parameters are built in.
    """
    if not plan.loadable:
        raise ValueError('built-in parameters are not loaded; set hardware.parameters = "ram"')
    images = plan.images
    writes, crc = [], 0
    for name, offsets in offsets_of(plan).items():
        for word, lanes in zip(images[name].words, offsets, strict=True):
            for lane, offset in enumerate(lanes):
                value = (word >> (BUS_BITS * lane)) & ((1 << BUS_BITS) - 1)
                writes.append((offset, value))
                crc = zlib.crc32(value.to_bytes(4, "little"), crc)
    hashes = zip(("spec_hash", *POINT_HASHES), plan.specs, strict=False)
    settings = {**{name: hash_bits(spec) for name, spec in hashes}, "crc_expected": crc, "control": 1}
    return writes + [(register(name).offset, value) for name, value in settings.items()]


def load_json(plan: Plan) -> str:
    """The writes as a JSON file."""
    return json.dumps({"schema_version": 1, "spec_hash": plan.spec.hash, "writes": load_writes(plan)}) + "\n"
