from pathlib import Path

import numpy as np
import pytest

from rtl.manifest import Tap
from sim.batch import BatchSimulator, HangError, Pauses, ProtocolError, unframe
from sim.compare import compare
from sim.verilate import BuildError, build_library
from tests.sim.conftest import emitted


def check(simulator, encoder, blocks=None):
    """Run blocks on a fresh or reset simulator; they must equal golden."""
    adc = encoder.adc if blocks is None else encoder.adc[:blocks]
    simulator.feed(adc)
    simulator.run(len(adc))
    if blocks is None:
        result = compare(encoder.manifest, encoder.golden, simulator.take_taps(len(adc)), simulator.payloads)
        assert result.first is None
    else:
        assert simulator.payloads == encoder.golden.payloads[:blocks]


def test_equals_golden_at_full_rate(simulator, encoder):
    check(simulator, encoder)


def test_loaded_parameters_equal_golden(loadable, models):
    library = build_library(loadable.rtl_dir / loadable.manifest.verilog, loadable.manifest, models)
    with BatchSimulator(library, loadable.manifest, load=loadable.load) as simulator:
        check(simulator, loadable)
        simulator.reset()
        simulator.pause(inputs=Pauses(0.5), outputs=Pauses(0.5), seed=4)
        check(simulator, loadable)


def test_a_chip_that_was_not_loaded_does_not_run(loadable, models):
    library = build_library(loadable.rtl_dir / loadable.manifest.verilog, loadable.manifest, models)
    with BatchSimulator(library, loadable.manifest) as simulator:
        simulator.feed(loadable.adc)
        with pytest.raises(HangError, match="sample 0 is not taken \\(0 of"):
            simulator.run(1)


@pytest.mark.parametrize("at", [0, 3, 6, 10, 15, -3, -1])
def test_a_wrongly_framed_packet_is_no_payload(simulator, encoder, at):
    simulator.feed(encoder.adc[:1])
    simulator.run(1)
    packet = bytearray(simulator.output_bytes.tobytes())
    assert unframe(bytes(packet), 0, encoder.manifest) == encoder.golden.payloads[0]
    packet[at] ^= 1
    assert unframe(bytes(packet), 0, encoder.manifest) == bytes(packet)
    endless = bytes(5000)
    assert unframe(endless, 0, encoder.manifest) == endless


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [
        (Pauses(0.5), Pauses()),
        (Pauses(), Pauses(0.5)),
        (Pauses(0.3), Pauses(0.45)),
        (Pauses(0.8, length=50), Pauses(0.9, length=30)),
        (Pauses(), Pauses(0.95, length=1000)),
    ],
)
def test_equals_golden_whatever_the_pauses(simulator, encoder, inputs, outputs):
    simulator.pause(inputs=inputs, outputs=outputs, seed=3)
    check(simulator, encoder)


def test_pauses_take_their_share_of_the_time(simulator, encoder):
    beats = encoder.manifest.spikes * encoder.manifest.samples
    simulator.pause(inputs=Pauses(0.9, length=20), outputs=Pauses(), seed=1)
    simulator.feed(encoder.adc)
    simulator.run(len(encoder.adc))
    cycles = np.diff(simulator.input_cycles.astype(int))
    assert (cycles > 1).mean() == pytest.approx(0.9 / (0.1 * 20), rel=0.3)
    assert cycles[cycles > 1].mean() - 1 == pytest.approx(20, rel=0.3)
    assert simulator.input_cycles.size == beats * len(encoder.adc)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_registers_may_start_with_any_value(library, encoder, seed):
    with BatchSimulator(library, encoder.manifest, load=encoder.load, seed=seed) as simulator:
        check(simulator, encoder, blocks=2)


def test_a_reset_at_any_moment_leaves_no_trace(simulator, encoder):
    rng = np.random.default_rng(4)
    manifest = encoder.manifest
    for _ in range(40):
        simulator.feed(encoder.adc)
        simulator.step(int(rng.integers(1, manifest.latency_cycles + 3 * manifest.cycles_per_block)))
        simulator.reset(1)
        check(simulator, encoder, blocks=2)
        simulator.reset(1)


def test_spikes_of_the_wrong_length_are_not_counted(simulator, encoder):
    rng = np.random.default_rng(5)
    samples = encoder.manifest.samples
    for _ in range(5):
        spikes = []
        for spike in encoder.adc.reshape(-1, samples):
            while rng.random() < 0.5:
                wrong = rng.choice([rng.integers(1, samples), rng.integers(samples + 1, 4 * samples)])
                spikes.append(rng.integers(-500, 500, wrong).astype(np.int16))
            spikes.append(spike)
        last = [np.arange(spike.size) == spike.size - 1 for spike in spikes]
        simulator.pause(inputs=Pauses(0.3), outputs=Pauses(0.3), seed=6)
        simulator.feed(np.concatenate(spikes), np.concatenate(last))
        simulator.run(len(encoder.adc))
        assert simulator.payloads == encoder.golden.payloads
        simulator.reset()


def test_short_blocks_wait_for_a_slow_reader(tiny, models, tmp_path):
    """Blocks of a bit or two fit in front of the packet buffer whole; none may end while a packet is sent."""
    sizes = {"encoder": {"features": 1}, "codebook": {"codewords": 2}, "hardware": {"parameters": "rom"}}
    design = tiny.model_copy(update={name: getattr(tiny, name).model_copy(update=new) for name, new in sizes.items()})
    short = emitted(design, tmp_path)
    assert {len(payload) for payload in short.golden.payloads} == {1}
    library = build_library(short.rtl_dir / short.manifest.verilog, short.manifest, models)
    with BatchSimulator(library, short.manifest) as simulator:
        simulator.pause(inputs=Pauses(), outputs=Pauses(0.95, length=300), seed=1)
        check(simulator, short)


def test_taps_can_be_taken_a_few_blocks_at_a_time(simulator, encoder):
    simulator.feed(encoder.adc)
    for first, last in ((0, 1), (1, 5), (5, 12)):
        simulator.run(last)
        taps = simulator.take_taps(last - first)
        assert np.array_equal(taps["vq"], encoder.golden.taps["vq"][first:last])


def test_a_block_that_never_comes_is_a_hang(simulator, encoder):
    simulator.feed(encoder.adc[:2])
    with pytest.raises(HangError, match=r"input: all is taken \(64 of 64 beats\); output: 2 of 3 frames"):
        simulator.run(3)


def test_a_flipped_bit_can_be_flipped_back(loaded, loadable):
    name = "chip.encoder.store.weights"
    value = loaded.flip(name, 3, 17)
    assert loaded.flip(name, 3, 17) == 1 - value
    check(loaded, loadable, blocks=1)


@pytest.mark.parametrize(
    ("memory", "word", "bit"), [("encoder.nowhere", 0, 0), ("chip.encoder.store.weights", 10**6, 0)]
)
def test_a_bit_that_is_not_there_cannot_be_flipped(simulator, memory, word, bit):
    with pytest.raises(ValueError, match=f"no bit {bit} of word {word} in memory '{memory}'"):
        simulator.flip(memory, word, bit)


@pytest.mark.parametrize(("fraction", "length"), [(1.0, 1), (-0.1, 1), (0.9, 1), (0.5, 0.5)])
def test_impossible_pauses_are_refused(fraction, length):
    with pytest.raises(ValueError, match=r"must|cannot"):
        Pauses(fraction, length)


@pytest.fixture
def faulty(encoder, models):
    """A stand-in whose first sample names its fault: 0 none, 1 gets stuck, 2 takes bytes back."""
    tap = Tap(
        stage="normalize",
        instance="",
        valid="o__valid",
        ready="o__ready",
        payload="o__payload",
        payload_width=16,
        elements=1,
        width=16,
        signed=True,
        transfers_per_block=32,
        order="channel_time",
    )
    manifest = encoder.manifest.model_copy(update={"taps": [tap], "memories": []})
    library = build_library(Path(__file__).with_name("faulty.v"), manifest, models)
    with BatchSimulator(library, manifest) as simulator:
        simulator.pause(inputs=Pauses(), outputs=Pauses(0.9, length=20), seed=1)
        yield simulator


def test_faults_of_the_streams_are_seen(faulty, encoder):
    adc = encoder.adc[:4].copy()
    frames = adc[..., 0].size

    adc[0, 0, 0] = 0
    faulty.feed(adc)
    faulty.run(frames)
    assert faulty.output_bytes.tolist() == [16 * n + 15 for n in range(frames)]
    assert np.array_equal(faulty.take_taps(4)["normalize"], adc.reshape(4, -1))

    adc[0, 0, 0] = 1
    faulty.reset()
    faulty.feed(adc)
    place = r"block 3, spike 0, sample 4 is not taken \(100 of 128 beats\).*normalize 3 blocks \+ 4/32"
    with pytest.raises(HangError, match=place):
        faulty.run(frames)

    adc[0, 0, 0] = 2
    faulty.reset()
    faulty.feed(adc)
    with pytest.raises(ProtocolError, match="took back or changed byte"):
        faulty.run(frames)


def test_verilog_that_does_not_compile_is_reported(encoder, models, tmp_path):
    verilog = tmp_path / "broken.v"
    verilog.write_text("module spike_encoder(input aclk); wire x = ; endmodule\n", encoding="utf-8")
    with pytest.raises(BuildError, match="syntax error"):
        build_library(verilog, encoder.manifest, models)
