"""Encoder and decoder against the golden model, the packet functions, and sums written out."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikecae.bitstream.events import Events
from spikecae.bitstream.packets import Gap, Header, Sidecar, frame
from spikecae.bitstream.payload import write_blocks, write_snippets
from spikecae.codec import ENCODED_AT_A_TIME, CodedPacket, Decoder, Encoder, RawPacket, Refused
from spikecae.design import Design
from spikecae.golden import encode
from spikecae.spec import EncoderSpec, save_spec
from tests.random_spec import random_adc, random_spec

NO_NETWORK = Path("none.onnx")


def decode(spec: EncoderSpec, stream: bytes, step: int = 1000) -> tuple[list[object], Decoder]:
    decoder = Decoder(spec, NO_NETWORK)
    found = [item for at in range(0, len(stream), step) for item in decoder.feed(stream[at : at + step])]
    return found + decoder.close(), decoder


def events_for(sidecar: Sidecar, blocks: int, spikes: int, missing: int) -> Events | None:
    times = np.cumsum(np.full({0: 0, 1: blocks, 2: blocks * spikes - missing}[int(sidecar)], 77))
    return Events(np.arange(blocks) * 3 % 64, times) if sidecar else None


@settings(max_examples=40)
@given(data=st.data())
def test_bytes_do_not_depend_on_how_blocks_come(data: st.DataObject, spec: EncoderSpec, tiny: Design) -> None:
    blocks, per_packet = data.draw(st.integers(1, 30)), data.draw(st.integers(1, 9))
    sidecar, missing = data.draw(st.sampled_from(Sidecar)), data.draw(st.integers(0, 1))
    if sidecar is Sidecar.SPIKE and blocks == 1:
        missing = 0  # as many times as blocks: it would be another kind
    adc = random_adc(tiny, blocks, seed=data.draw(st.integers(0, 9)))
    events = events_for(sidecar, blocks, spec.spikes, missing)
    present = np.ones((blocks, spec.spikes), bool)
    present[-1, spec.spikes - missing :] = False
    whole = write_blocks(
        spec, encode(spec, adc, present).indices, blocks_per_packet=per_packet, events=events, missing=missing
    )
    cuts = sorted(data.draw(st.lists(st.integers(0, blocks - 1), max_size=4)))
    encoder, sent = Encoder(spec, per_packet), b""
    for first, last in zip([0, *cuts], [*cuts, blocks], strict=True):
        part = None
        if events is not None:
            times = spec.spikes if sidecar is Sidecar.SPIKE else 1
            part = Events(events.channels[first:last], events.times[first * times : last * times])
        sent += encoder.encode(adc[first:last], part, missing if last == blocks else 0)
    sent += encoder.flush()
    assert sent.hex() == b"".join(whole).hex()
    assert encoder.flush() == b""


def test_blocks_wait_until_their_packet_is_full(spec: EncoderSpec, tiny: Design) -> None:
    encoder, adc = Encoder(spec, 4), random_adc(tiny, 9, seed=2)
    sizes = [len(encoder.encode(adc[:3])), len(encoder.encode(adc[3:4])), len(encoder.encode(adc[4:]))]
    assert [size > 0 for size in sizes] == [False, True, True]
    found, _ = decode(spec, encoder.flush())
    assert [item.header.count for item in found] == [1]
    assert found[0].header.sequence == 2


def test_long_inputs_are_encoded_piece_by_piece(spec: EncoderSpec, tiny: Design) -> None:
    adc = np.tile(random_adc(tiny, 10, seed=3), (ENCODED_AT_A_TIME // 8, 1, 1))
    encoder = Encoder(spec)
    found, decoder = decode(spec, encoder.encode(adc) + encoder.flush(), step=1 << 14)
    indices = np.concatenate([item.blocks.indices for item in found])
    assert np.array_equal(indices, np.tile(encode(spec, adc[:10]).indices, (ENCODED_AT_A_TIME // 8, 1)))
    assert decoder.report.blocks == len(adc)


def test_kinds_of_events_do_not_mix_in_a_packet(spec: EncoderSpec, tiny: Design) -> None:
    encoder, adc = Encoder(spec, 9), random_adc(tiny, 2, seed=4)
    encoder.encode(adc, events_for(Sidecar.BLOCK, 2, 2, 0))
    with pytest.raises(ValueError, match="kind NONE follow blocks of kind BLOCK; flush"):
        encoder.encode(adc)
    with pytest.raises(ValueError, match=r"missing = 2 must lie in 0\.\.1"):
        encoder.encode(adc, missing=2)


def test_a_spec_folder_is_all_an_encoder_needs(spec: EncoderSpec, tiny: Design, tmp_path: Path) -> None:
    save_spec(spec, tmp_path)
    adc = random_adc(tiny, 5, seed=5)
    stream = Encoder.from_spec(tmp_path).encode(adc) + Encoder.from_spec(tmp_path).encode(adc, missing=1)
    found = Decoder.from_spec(tmp_path).feed(stream)
    assert [item.header.missing for item in found] == [1]
    with pytest.raises(FileNotFoundError, match="no encoder spec"):
        Encoder.from_spec(tmp_path / "elsewhere")


def test_latents_are_codewords_at_the_exponent_of_the_spec(spec: EncoderSpec) -> None:
    indices = np.random.default_rng(6).integers(0, 16, (7, 4))
    latents = Decoder(spec, NO_NETWORK).latents(indices)
    words = spec.quantizer.codebooks[0].words
    for block in range(7):
        for feature in range(4):
            expected = [int(value) / 2**spec.quantizer.exponent for value in words[indices[block, feature]]]
            assert latents[block, feature].tolist() == expected
    assert latents.dtype == np.float32


def packets_of(spec: EncoderSpec, adc: np.ndarray) -> list[bytes]:
    return write_blocks(spec, encode(spec, adc).indices, blocks_per_packet=3)


def test_report_says_what_became_of_packets(spec: EncoderSpec, tiny: Design) -> None:
    sent = packets_of(spec, random_adc(tiny, 30, seed=7))
    other = packets_of(random_spec(tiny, seed=99), random_adc(tiny, 3, seed=7))[0]
    damaged = bytearray(sent[4])
    damaged[20] ^= 0x81
    stream = b"".join([sent[0], sent[1], sent[1], b"noise", sent[3], bytes(damaged), sent[5], sent[3], other])
    found, decoder = decode(spec, stream)
    kinds = [(type(item), getattr(item, "first", None) or item.header.sequence) for item in found]
    assert kinds == [
        *((CodedPacket, 0), (CodedPacket, 1), (Gap, 2), (CodedPacket, 3), (Gap, 4), (CodedPacket, 5)),
        (Refused, 0),
    ]
    assert f"{spec.tag:04x}" in found[-1].reason
    report = decoder.report
    assert (report.packets, report.blocks, report.lost, report.repeated) == (4, 12, 2, 2)
    assert (report.refused, report.damaged) == (1, 1)
    assert report.bytes_skipped == 5 + len(damaged)
    assert report.bytes_read == len(stream)


def test_after_a_reset_of_the_transmitter_packets_are_late_but_kept(spec: EncoderSpec, tiny: Design) -> None:
    adc = random_adc(tiny, 30, seed=8)
    again = packets_of(spec, random_adc(tiny, 9, seed=9))
    found, decoder = decode(spec, b"".join(packets_of(spec, adc) + again))
    assert [item.late for item in found] == [False] * 10 + [True] * 3
    assert decoder.report.repeated == 0


def test_raw_snippets_pass_through(spec: EncoderSpec, tiny: Design) -> None:
    adc = random_adc(tiny, 4, seed=10)
    snippets = adc.reshape(-1, spec.samples)
    found, _ = decode(spec, b"".join(write_snippets(spec.tag, snippets, snippets_per_packet=5)))
    assert all(isinstance(item, RawPacket) for item in found)
    assert np.array_equal(np.concatenate([item.snippets for item in found]), snippets)


@settings(max_examples=200)
@given(
    payloads=st.lists(st.binary(min_size=1, max_size=60), max_size=6),
    raw=st.booleans(),
    sidecar=st.sampled_from(Sidecar),
)
def test_any_sealed_payload_is_decoded_or_refused(
    payloads: list[bytes], raw: bool, sidecar: Sidecar, spec: EncoderSpec
) -> None:
    if raw and sidecar is Sidecar.BLOCK:
        return
    stream = b"".join(
        frame(Header(number, spec.tag, 1 + number % 3, len(payload), raw=raw, sidecar=sidecar), payload)
        for number, payload in enumerate(payloads)
    )
    found, decoder = decode(spec, stream)
    assert len(found) == len(payloads) == decoder.report.packets + decoder.report.refused
