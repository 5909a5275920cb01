"""The host codec: blocks to packets and back, and the files that hold them."""

from spikecae.codec.codec import (
    BLOCKS_PER_PACKET,
    DECODED_AT_A_TIME,
    ENCODED_AT_A_TIME,
    CodedPacket,
    Decoder,
    Encoder,
    LinkReport,
    RawPacket,
    Refused,
)

__all__ = [
    "BLOCKS_PER_PACKET",
    "DECODED_AT_A_TIME",
    "ENCODED_AT_A_TIME",
    "CodedPacket",
    "Decoder",
    "Encoder",
    "LinkReport",
    "RawPacket",
    "Refused",
]
