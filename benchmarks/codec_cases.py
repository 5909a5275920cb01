"""What the codec's speed is measured on, and against what."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from benchmarks.timing import best_times
from model.checkpoint import load_checkpoint
from spikecae import acceleration
from spikecae.bitstream.huffman import code_words, pack_bits
from spikecae.bitstream.packets import MAX_COUNT, Packet, PacketReader
from spikecae.bitstream.payload import read_blocks, write_blocks
from spikecae.codec import DECODED_AT_A_TIME, ENCODED_AT_A_TIME, CodedPacket, Decoder, Encoder
from spikecae.codec.point_decoder import PointDecoder
from spikecae.design import Design, load_design
from spikecae.golden import Golden
from spikecae.golden.nearest import nearest
from spikecae.golden.network import Network
from spikecae.golden.step import read_source
from spikecae.spec import EncoderSpec, load_spec
from spikecae.stages import Convolution, VectorQuantizer

__all__ = ["Case", "cases"]

BLOCKS = ENCODED_AT_A_TIME
TORCH_BATCHES = (16, 48, 256, 1024)
"""PyTorch's speed depends on the batch; the best one counts."""


@dataclass(frozen=True)
class Case:
    """Rates in ``unit``; ``target`` is what their ratio must reach, or without a reference the rate."""

    name: str
    unit: str
    rate: float
    reference: str
    reference_rate: float | None
    target: float | None

    @property
    def ratio(self) -> float | None:
        """Of the rate to the reference's."""
        return None if self.reference_rate is None else self.rate / self.reference_rate

    @property
    def reached(self) -> bool | None:
        """Whether the target is reached; None if there is none."""
        measured = self.rate if self.ratio is None else self.ratio
        return None if self.target is None else measured >= self.target


def cases(design_file: Path) -> Iterator[Case]:
    """Measure everything, on the shipped spec and weights of a design."""
    design, folder = load_design(design_file), design_file.with_suffix("")
    spec = load_spec(folder)
    adc = np.random.default_rng(0).integers(-400, 400, (BLOCKS, spec.spikes, spec.samples)).astype(np.int16)
    yield from _encoder(design, spec, folder / "model.safetensors", adc)
    yield from _dense_layers(spec, adc)
    yield _search(spec, adc)
    yield from _huffman(spec, adc)
    yield _waveforms(spec, folder / "decoder.onnx", design, adc)


def _encoder(design: Design, spec: EncoderSpec, weights: Path, adc: NDArray[np.int16]) -> Iterator[Case]:
    checkpoint = load_checkpoint(weights, design)
    normalized = torch.from_numpy(checkpoint.normalization.apply(adc))
    golden = Golden(spec)

    def forward(batch: int) -> Callable[[], object]:
        batches = [normalized[start : start + batch] for start in range(0, BLOCKS, batch)]

        def run() -> None:
            with torch.inference_mode():
                for part in batches:
                    checkpoint.model.encoder(part)

        return run

    times = best_times(
        {"golden": lambda: golden.indices(adc), "taps": lambda: golden.encode(adc)}
        | {f"torch {batch}": forward(batch) for batch in TORCH_BATCHES},
        seconds=12,
    )
    best, name = min((times[f"torch {batch}"], f"PyTorch float forward, batch {batch}") for batch in TORCH_BATCHES)
    yield Case("golden encoder, with search", "blocks/s", BLOCKS / times["golden"], name, BLOCKS / best, 1.0)
    yield Case("golden encoder, all taps and payloads", "blocks/s", BLOCKS / times["taps"], name, BLOCKS / best, None)


def _dense_layers(spec: EncoderSpec, adc: NDArray[np.int16]) -> Iterator[Case]:
    """The layers that are not grouped, requantization and all, inside a run of the whole network."""
    network, x = Network(spec), read_source(spec.source, adc)
    dense = [stage for stage in spec.stages if isinstance(stage, Convolution) and stage.groups == 1]
    best = {stage.name: (float("inf"), 0) for stage in dense}
    products = {}

    def run() -> None:
        last = time.perf_counter()
        for part, name, tap in network.run(x):
            now = time.perf_counter()
            if name in best and part.start:  # the first chunk comes with cold buffers
                best[name] = min(best[name], (now - last, tap.shape[2] * tap.shape[3]))
            last = time.perf_counter()

    run()
    for stage in dense:
        weight = stage.weight[:, :, stage.kernel // 2].astype(np.float32)
        operand = np.ones((stage.inputs, best[stage.name][1]), np.float32)
        out = np.empty((stage.outputs, operand.shape[1]), np.float32)
        products[stage.name] = partial(np.matmul, weight, operand, out=out)
    times = best_times({"network": run, **products})
    for stage in dense:
        seconds, columns = best[stage.name]
        shape = f"{stage.outputs}×{stage.inputs}×{columns}"
        gigamacs = stage.outputs * stage.inputs * columns / 1e9
        reference = f"matrix product {shape}"
        yield Case(f"layer {stage.name}", "GMAC/s", gigamacs / seconds, reference, gigamacs / times[stage.name], 0.5)


def _search(spec: EncoderSpec, adc: NDArray[np.int16]) -> Case:
    latents = Golden(spec).encode(adc).taps[spec.transforms[-1].name]
    quantizer = spec.only(VectorQuantizer)
    part = quantizer.table[0]
    codebook = quantizer.codebooks[part.codebook]
    vectors = np.ascontiguousarray(latents.reshape(-1, part.length), np.int8)
    words, bias = codebook.words.astype(np.float32), codebook.bias.astype(np.float32)
    floats = vectors.astype(np.float32)
    times = best_times(
        {
            "search": lambda: nearest(codebook, vectors),
            "numpy": lambda: (bias - 2 * (floats @ words.T)).argmin(axis=1),
        }
    )
    million = len(vectors) / 1e6
    fused = "fused" if acceleration.kernels() else "NumPy's (no Numba)"
    return Case(
        f"search of {len(codebook.words)} codewords, {fused}",
        "M vectors/s",
        million / times["search"],
        "NumPy, float32 product then argmin",
        million / times["numpy"],
        3.0,
    )


def _huffman(spec: EncoderSpec, adc: NDArray[np.int16]) -> Iterator[Case]:
    indices = np.tile(Golden(spec).indices(adc), (20, 1))
    tables, symbols = spec.coder.tables, spec.symbols
    packets = write_blocks(spec, indices, blocks_per_packet=MAX_COUNT)
    received = [packet for packet in PacketReader().feed(b"".join(packets)) if isinstance(packet, Packet)]

    def code() -> None:
        words, lengths = code_words(indices, tables, symbols)
        pack_bits(words.ravel(), lengths.ravel())

    def decode() -> None:
        for packet in received:
            read_blocks(spec, packet)

    times = best_times({"code": code, "decode": decode})
    million = indices.size / 1e6
    yield Case("Huffman coding", "M indices/s", million / times["code"], "", None, 5.0)
    yield Case("Huffman decoding", "M indices/s", million / times["decode"], "", None, 5.0)


def _waveforms(spec: EncoderSpec, network: Path, design: Design, adc: NDArray[np.int16]) -> Case:
    """From the bytes of packets to samples in recording units."""
    encoder = Encoder(spec)
    stream = encoder.encode(adc[:DECODED_AT_A_TIME]) + encoder.flush()
    session = onnxruntime.InferenceSession(str(network), providers=["CPUExecutionProvider"])
    decoder = PointDecoder(spec, network)
    latents = decoder.latents(Golden(spec).indices(adc[:DECODED_AT_A_TIME]))

    def decode() -> None:
        packets = [packet for packet in Decoder(spec, network).feed(stream) if isinstance(packet, CodedPacket)]
        decoder.waveforms(np.concatenate([packet.blocks.indices for packet in packets]), design.adc)

    times = best_times({"decode": decode, "network": lambda: session.run(None, {"latents": latents})})
    name = f"ONNX Runtime {onnxruntime.__version__} on the network alone"
    return Case(
        "packets to waveforms",
        "blocks/s",
        DECODED_AT_A_TIME / times["decode"],
        name,
        DECODED_AT_A_TIME / times["network"],
        0.5,
    )
