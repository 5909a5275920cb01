"""From an encoder spec and the hardware's knobs to the plan of the hardware: each stage lays itself out."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from rtl.shape.images import SHIFT_BITS
from rtl.shape.part import TransformPart
from rtl.shape.plan import CoderPart, Plan, QuantizerPart, SourcePart, parameter_widths
from rtl.shape.stream import Stream, feed_stream
from rtl.stages.base import Site, feed_of, lay_out
from spikecae.design import BlockKind, Hardware
from spikecae.spec import EncoderSpec
from spikecae.spec.operating_points import check_operating_points

__all__ = ["make_plan"]

MIN_PORT_WEIGHTS = 8
"""Weights that a memory word has room for at least."""
SLOWER = 1.1
"""As many times the cycles from block to block as with two places in the input buffer are no reason for the second."""


def make_plan(
    spec: EncoderSpec, hardware: Hardware, others: Sequence[EncoderSpec] = (), block: BlockKind = "queue"
) -> Plan:
    """Lay out an encoder.

    Args:
        spec: its integers; with several operating points, those of point 0.
        hardware: the knobs.
        others: specs of the further points.
        block: what a block's spikes are.

    With built-in parameters the widths of accumulators come from the bound of these very weights, with loadable ones
    from that of any weights of ``hardware.weight_bits`` and any bias of ``hardware.bias_bits``.

    Raises:
        SpecError: the specs cannot share a chip.
        ValueError: a stage is of a kind, or at a place, that this hardware does not know; or parameters exceed their
            declared widths: each one is named.
    """
    specs = (spec, *others)
    check_operating_points(specs)
    feed = feed_of(spec.transforms[0], spec)
    site = Site(specs, hardware, feed)
    source = cast(SourcePart, lay_out(spec.source, None, site))
    stream: Stream | None = feed_stream(feed, spec.source.output(spec.spikes, spec.samples), hardware.fold)
    parts: list[TransformPart] = []
    for stage in (*spec.transforms, spec.quantizer):
        parts.append(cast(TransformPart, lay_out(stage, stream, site)))
        stream = parts[-1].output
    coder = cast(CoderPart, lay_out(spec.coder, None, site))
    faults = [fault for part in parts for fault in part.faults()]
    if faults:
        raise ValueError("\n".join(faults))
    products = [product for part in parts for product in part.products]
    requantized = [product.layer.bias_bits for product in products if product.requantized]
    bias_bits = hardware.bias_bits if site.loadable else max(requantized, default=1)
    least_port = 1 << (MIN_PORT_WEIGHTS * hardware.weight_bits - 1).bit_length()
    steps = [product.steps for product in products if product.direct]
    widths = parameter_widths(products, min(steps, default=site.group_cycles), bias_bits, SHIFT_BITS, least_port)
    quantizer = cast(QuantizerPart, parts[-1])
    return _with_fewest_places(Plan(specs, hardware, feed, source, tuple(parts), quantizer, coder, widths, block))


def _with_fewest_places(plan: Plan) -> Plan:
    """Blocks of a word need a second place only where filling it takes about as long as mapping what the other has."""
    if plan.feed.words > 1:
        return plan
    smaller = replace(plan, feed=replace(plan.feed, places=1))
    return smaller if smaller.cycles_per_block <= SLOWER * plan.cycles_per_block else plan
