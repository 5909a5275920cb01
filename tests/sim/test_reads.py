"""Reads of the parameter memories, counted while the Verilog runs."""

from dataclasses import replace

import numpy as np
import pytest

from rtl.emit import emit
from rtl.planning import make_plan
from sim.batch import BatchSimulator
from sim.emitted import load_writes
from sim.reads import reads_per_block
from sim.verilate import build_library
from spikecae.bitstream.huffman import code_lengths
from spikecae.design import Design, Hardware
from spikecae.spec import EncoderSpec
from spikecae.stages import Codebook, Huffman, SubVector
from tests.random_spec import random_adc, random_spec
from tests.sim.conftest import READ_ONCE


def test_each_word_is_read_once_a_block(loadable, models):
    assert make_plan(loadable.spec, Hardware()).read_once == list(READ_ONCE)
    library = build_library(loadable.rtl_dir / loadable.manifest.verilog, loadable.manifest, models)
    with BatchSimulator(library, loadable.manifest, load=loadable.load) as simulator:
        simulator.feed(loadable.adc[:3])
        simulator.run(3)
        reads = reads_per_block(simulator, loadable.adc)
    for name in READ_ONCE:
        assert (reads[name] == 1).all(), name
    # A word for each sample of a spike; a code for each index, of the golden model's.
    assert (reads["normalization"] == loadable.manifest.spikes).all()
    indices = np.bincount(loadable.golden.indices.ravel(), minlength=reads["huffman"].size)
    np.testing.assert_array_equal(reads["huffman"] * len(loadable.adc), indices)


@pytest.mark.regress
def test_so_is_a_codebook_whose_sub_vectors_are_not_neighbours(tiny: Design, models, tmp_path):
    spec = random_spec(tiny, 3)
    (book,) = spec.quantizer.codebooks
    other = Codebook(book.words[:5] + np.int8(1), book.bias[:5])
    parts = [SubVector(4 * n, 4, which, which) for n, which in enumerate((0, 1, 1, 0))]
    quantizer = replace(spec.quantizer, codebooks=(book, other), table=tuple(parts))
    code = Huffman("huffman", (spec.coder.tables[0], code_lengths(np.ones(5, dtype=np.int64))))
    spec = EncoderSpec(spec.design, spec.spikes, spec.samples, spec.adc_bits, (*spec.stages[:-2], quantizer, code))
    manifest = emit(spec, tiny.hardware, tmp_path)
    library = build_library(tmp_path / manifest.verilog, manifest, models)
    with BatchSimulator(library, manifest, load=load_writes(tmp_path, manifest)) as simulator:
        reads = reads_per_block(simulator, random_adc(tiny, 4, seed=4))["codebook"]
    # The memory has it twice: the search walks through its words from first to last.
    words = make_plan(spec, tiny.hardware).quantizer.search.record_words
    assert reads.tolist() == [1.0] * (2 * len(book.words) + 5) * words
