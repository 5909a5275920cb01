"""Where the bits of a spike go."""

from flow.report.sent import SentCodewords, SentLevels
from spikecae.evaluation.quality import SAMPLE_BITS
from synth.part import Part

__all__ = ["BitShare", "bit_budget"]


class BitShare(Part):
    """What one thing takes of a spike's bits on the link."""

    name: str
    bits_per_spike: float


def bit_budget(
    sent: SentCodewords | SentLevels, samples: int, *, huffman: float, wire: float, events: float | None
) -> list[BitShare]:
    """Payload in its parts, then what packets add to it, and channels and times.

    The payload's parts are in the proportions that they have in the spikes that are shown; all else is that of all test
    spikes.

    Args:
        sent: of the spikes that are shown.
        samples: of a spike.
        huffman, wire, events: compression ratios of the payload, with packets, and with events too; None of data
            without times.
    """
    raw = samples * SAMPLE_BITS
    payload = raw / huffman
    shown = sum(sent.payload_bits.values())
    found = [
        BitShare(name=name, bits_per_spike=payload * bits / shown) for name, bits in sent.payload_bits.items() if bits
    ]
    found.append(BitShare(name="framing, padding, checksums", bits_per_spike=raw / wire - payload))
    if events is not None:
        found.append(BitShare(name="channel and time", bits_per_spike=raw / events - raw / wire))
    return found
