"""The host codec: blocks to packets and back, and the files that hold them."""

from spikecae.bitstream.events import Events
from spikecae.codec.decoder import CodedPacket, Decoder, LinkReport, RawPacket, Refused
from spikecae.codec.encoder import BLOCKS_PER_PACKET, ENCODED_AT_A_TIME, Encoder
from spikecae.codec.point_decoder import DECODED_AT_A_TIME

__all__ = [
    "BLOCKS_PER_PACKET",
    "DECODED_AT_A_TIME",
    "ENCODED_AT_A_TIME",
    "CodedPacket",
    "Decoder",
    "Encoder",
    "Events",
    "LinkReport",
    "RawPacket",
    "Refused",
]
