"""What strangers give the command: each ends in one sentence and its exit status, and no file is lost.

Every row is a command in a folder that holds the files of :func:`folder`. All files are compared before and after.
"""

import os
import shutil
import socket
from pathlib import Path

import numpy as np
import pytest

from spikecae.design import Design
from spikecae.spec import EncoderSpec
from tests.random_spec import random_adc
from tests.spikecae.command import ROOT, SHIPPED, Run

BLOCKS = 40


@pytest.fixture
def folder(run: Run, tiny: Design, tmp_path: Path) -> Path:
    """``spec`` and ``other``: specs; ``codes.npy``; ``x.scae`` and ``out.npz`` of it; and what must be refused."""
    shutil.copytree(SHIPPED, tmp_path / "spec")
    codes = random_adc(tiny, BLOCKS, seed=1)
    units = codes * tiny.adc.lsb
    channels, times = np.arange(BLOCKS) % 16, np.arange(2 * BLOCKS).reshape(BLOCKS, 2) * 40
    np.save(tmp_path / "codes.npy", codes)
    run("encode", "codes.npy", "x.scae", "--spec", "spec")
    run("decode", "x.scae", "out.npz", "--spec", "spec", "--latents")
    data = (tmp_path / "x.scae").read_bytes()

    def save(name: str, **arrays: np.ndarray) -> None:
        np.savez(tmp_path / f"{name}.npz", **({"snippets": codes, "channels": channels, "times": times} | arrays))

    def put(name: str, content: bytes) -> None:
        (tmp_path / name).write_bytes(content)

    save("recording")
    save("negative", times=times - 1000)
    save("leap", times=np.where(times > 1000, times + (1 << 32), times))
    save("endless", times=times.astype(np.uint64) + np.uint64(1 << 63))
    save("float_times", times=times / 30000)
    save("far_channel", channels=channels + 65530)
    save("no_channel", channels=channels - 1)
    save("fewer", channels=channels[:-1])
    save("three_times", times=np.arange(3 * BLOCKS).reshape(BLOCKS, 3))
    np.savez(tmp_path / "misnamed.npz", spikes=codes)
    np.savez(tmp_path / "times_only.npz", snippets=codes, times=times)
    np.save(tmp_path / "units.npy", units)
    np.save(tmp_path / "whole_numbers.npy", codes.astype(float))
    broken = units.copy()
    broken[3, 1, 2], broken[9] = np.nan, np.inf
    np.save(tmp_path / "nan.npy", broken)
    np.save(tmp_path / "one_high.npy", np.where(np.arange(codes.size).reshape(codes.shape) == 100, 512, codes))
    np.save(tmp_path / "transposed.npy", codes.transpose(0, 2, 1))
    np.save(tmp_path / "flat.npy", codes.reshape(BLOCKS, -1))
    np.save(tmp_path / "one_number.npy", np.int16(3))
    np.save(tmp_path / "complex.npy", codes * 1j)
    np.save(tmp_path / "bool.npy", codes > 0)
    np.save(tmp_path / "dates.npy", codes.astype("datetime64[s]"))
    np.save(tmp_path / "objects.npy", np.array([{"a": 1}]), allow_pickle=True)
    put("cut.npy", (tmp_path / "codes.npy").read_bytes()[:-10])
    put("cut.npz", (tmp_path / "recording.npz").read_bytes()[:-200])
    np.savez_compressed(tmp_path / "small.npz", snippets=codes)
    small = bytearray((tmp_path / "small.npz").read_bytes())
    small[14] ^= 1  # of the checksum
    at = small.rindex(b"PK\x01\x02")
    small[at + 16] ^= 1  # the same in the directory
    put("flipped.npz", bytes(small))
    put("long.npy", (tmp_path / "codes.npy").read_bytes() * 2)
    put("empty.npy", b"")
    put("table.csv", b"1,2,3\n")
    put("cut.scae", data[:-70])
    put("head.scae", data[:100])
    put("text.scae", data.replace(b"\r\n", b"\n", 1))
    put("flipped.scae", data[:-100] + bytes([data[-100] ^ 1]) + data[-99:])
    put("twice.scae", data * 2)
    put("later.scae", data.replace(b'"schema_version":2', b'"schema_version":4'))
    (tmp_path / "link.npy").symlink_to("codes.npy")
    os.link(tmp_path / "codes.npy", tmp_path / "hard.npy")
    os.link(tmp_path / "x.scae", tmp_path / "hard.scae")
    (tmp_path / "circle.npy").symlink_to("circle.npy")
    (tmp_path / "nowhere.npy").symlink_to("gone.npy")
    (tmp_path / "folder").mkdir()
    put("notes.txt", b"dear diary")
    put("sound.onnx", (SHIPPED / "decoder.onnx").read_bytes())
    shutil.copytree(SHIPPED, tmp_path / "cut_spec")
    put("cut_spec/spec.npz", (SHIPPED / "spec.npz").read_bytes()[:500])
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


SPEC = ("--spec", "spec")
OTHER = ("--spec", str(ROOT / "designs" / "hc1"))
LONG = "n" * 300

ENCODE = [
    # What is read is never written.
    ("codes.npy codes.npy", "codes.npy is read from, so it cannot be the output too"),
    ("codes.npy ./folder/../codes.npy", "is read from"),
    ("codes.npy link.npy", "link.npy (it is codes.npy) is read from"),
    ("link.npy codes.npy", "codes.npy (it is link.npy) is read from"),
    ("codes.npy hard.npy --overwrite", "hard.npy (it is codes.npy) is read from"),
    ("codes.npy spec/spec.npz --overwrite", "spec/spec.npz is read from"),
    ("codes.npy spec/decoder.onnx --overwrite", "spec/decoder.onnx is read from"),
    # What holds something else is not replaced.
    (
        "codes.npy recording.npz",
        "recording.npz exists and is not a .scae file; name another output, or replace it with",
    ),
    ("codes.npy notes.txt", "notes.txt exists and is not a .scae file"),
    ("codes.npy folder", "folder is a folder, and the output is a file; name one in it, such as folder/output"),
    ("codes.npy /dev/null", "/dev/null is no regular file"),
    ("codes.npy notes.txt/x.scae", "notes.txt is a file, and the output would lie in it as in a folder"),
    (f"codes.npy {LONG}", "the name is too long for its disk; choose a shorter one"),
    # What is to be encoded is no file of blocks.
    ("gone.npy y.scae", "gone.npy: there is no such file or folder; check the name"),
    ("nowhere.npy y.scae", "nowhere.npy: there is no such file or folder"),
    ("circle.npy y.scae", "circle.npy: its symbolic links lead in a circle"),
    ("folder y.scae", "folder is a folder; blocks are in one .npy or .npz file"),
    ("/dev/zero y.scae", "/dev/zero is a pipe or a device; save the blocks to a file first"),
    ("socket y.scae", "socket is a pipe or a device"),
    ("empty.npy y.scae", "empty.npy: no file of NumPy; save blocks with numpy.save"),
    ("table.csv y.scae", "table.csv: no file of NumPy"),
    ("x.scae y.scae", "x.scae: no file of NumPy"),
    ("cut.npy y.scae", "cut.npy: damaged: ends 10 bytes too early for (40, 2, 16); copy it again"),
    ("cut.npz y.scae", "cut.npz: damaged or unknown kind of npz"),
    ("flipped.npz y.scae", "flipped.npz: snippets: damaged: Bad CRC-32 for file 'snippets.npy'; copy the file again"),
    ("long.npy y.scae", "bytes follow the array of (40, 2, 16)"),
    ("objects.npy y.scae", "objects.npy: holds Python objects, not numbers"),
    ("misnamed.npz y.scae", "misnamed.npz: holds spikes; an array 'snippets' is needed"),
    # Blocks of another kind.
    ("transposed.npy y.scae", "int16 of shape (40, 16, 2); the encoder of 'tiny' takes numbers of shape (n, 2, 16)"),
    ("flat.npy y.scae", "of shape (40, 32)"),
    ("one_number.npy y.scae", "has the shape (); save an array with one row a block"),
    ("complex.npy y.scae", "snippets are complex128 of shape (40, 2, 16); the encoder of 'tiny' takes numbers of"),
    ("complex.npy y.scae", "(n, 2, 16), integers or floats; save them as integers, if they are ADC codes, or else as"),
    ("bool.npy y.scae", "integers or floats; save them as integers, if they are ADC codes, or else as floats"),
    ("dates.npy y.scae", "snippets are datetime64[s]"),
    ("whole_numbers.npy y.scae", "are float64, not ADC codes; say with --lsb how many units a step is"),
    ("nan.npy y.scae --lsb 2.34375", "nan.npy: block 3, channel (or spike of a queue) 1, sample 2 is nan"),
    ("one_high.npy y.scae", "one_high.npy: block 3, channel (or spike of a queue) 0, sample 4 is 512, no code of a"),
    ("codes.npy y.scae --unsigned", "no code of a 10-bit unsigned converter, which has 0..1023"),
    (
        "units.npy y.scae --lsb 0.01",
        "% of the samples lie beyond the -512..511 steps of the converter, 1 % at most may",
    ),
    ("units.npy y.scae --lsb 1e6", "no sample is as large as half a step of the converter"),
    # Channels and times.
    ("negative.npz y.scae", "negative.npz: block 0: time -1000 is negative; count samples from the start"),
    ("leap.npz y.scae", "leap.npz: block 13: time 4294968336 is 4294967336 samples from the one before it"),
    ("endless.npz y.scae", "endless.npz: block 0: time 9223372036854775808 does not fit 63 bits"),
    ("float_times.npz y.scae", "times float64; both must be integers, times in samples"),
    ("far_channel.npz y.scae", "far_channel.npz: block 6: channel 65536 does not lie in 0..65535"),
    ("no_channel.npz y.scae", "no_channel.npz: block 0: channel -1 does not lie in 0..65535"),
    ("fewer.npz y.scae", "got (39,) and (40, 2)"),
    ("three_times.npz y.scae", "got (40,) and (40, 3)"),
    ("times_only.npz y.scae", "'channels' and 'times' belong together"),
]

DECODE = [
    ("x.scae x.scae", "x.scae is read from"),
    ("x.scae hard.scae --overwrite", "hard.scae (it is x.scae) is read from"),
    ("x.scae spec/spec.json --overwrite", "spec/spec.json is read from"),
    ("x.scae sound.onnx --network sound.onnx --overwrite", "sound.onnx is read from"),
    ("x.scae recording.npz", "recording.npz exists and is not an .npz that decode wrote"),
    ("x.scae codes.npy", "codes.npy exists and is not an .npz that decode wrote"),
    ("x.scae cut.npz", "cut.npz exists and is not an .npz that decode wrote"),
    ("x.scae folder", "folder is a folder, and the output is a file"),
    ("x.scae /dev/null", "/dev/null is no regular file"),
    ("gone.scae y.npz", "gone.scae: there is no such file or folder"),
    ("folder y.npz", "folder: is a folder, and a file is needed"),
    ("socket y.npz", "socket: is a socket or a device without a driver"),
    ("codes.npy y.npz", "codes.npy: no .scae file: it does not begin with the signature"),
    ("empty.npy y.npz", "empty.npy: no .scae file"),
    ("text.scae y.npz", "text.scae: no .scae file"),
    ("head.scae y.npz", "head.scae: damaged header"),
    ("later.scae y.npz", "later.scae: damaged header: its checksum does not hold"),
    ("cut.scae out.npz", "40 blocks missing; its end is missing: it was cut short"),
    ("cut.scae out.npz --keep-going", "out.npz stays, as less might replace it"),
    ("flipped.scae out.npz", "of 40 blocks missing; 1 packet lost"),
    ("twice.scae out.npz", "belong to no valid packet; its checksum does not hold"),
    ("x.scae y.npz --network gone.onnx", "no decoder network gone.onnx"),
    ("x.scae y.npz --network codes.npy", "codes.npy: ONNX Runtime does not load it"),
]


@pytest.fixture
def with_socket(folder: Path) -> object:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")  # in the folder, where the tests are: longer names do not fit
        yield


def judge(run: Run, folder: Path, arguments: list[str], reason: str, status: int = 1) -> None:
    before = contents(folder)
    said = run(*arguments, status=status)
    assert reason in said
    assert "Traceback" not in said
    assert status == 2 or (said.startswith("error: ") and said.count("\n") == 1)
    assert contents(folder) == before


@pytest.mark.usefixtures("with_socket")
@pytest.mark.parametrize(("line", "reason"), ENCODE, ids=[line for line, _ in ENCODE])
def test_encode(run: Run, folder: Path, line: str, reason: str) -> None:
    judge(run, folder, ["encode", *line.split(), *SPEC], reason)


@pytest.mark.usefixtures("with_socket")
@pytest.mark.parametrize(("line", "reason"), DECODE, ids=[line for line, _ in DECODE])
def test_decode(run: Run, folder: Path, line: str, reason: str) -> None:
    pytest.importorskip("onnxruntime", reason="the extra 'decoder' is not installed")
    judge(run, folder, ["decode", *line.split(), *SPEC], reason)
    if line.split()[1] == "y.npz" and "--network" not in line:
        judge(run, folder, ["inspect", line.split()[0]], reason)


SPECS = [
    ("gone", "no encoder spec gone/spec.json"),
    ("spec/spec.json", "spec/spec.json is a file; name the folder that holds spec.json and spec.npz, such as spec"),
    ("folder", "no encoder spec folder/spec.json"),
    ("cut_spec", "spec.npz: corrupt"),
    (OTHER[1], "takes numbers of shape"),
]


@pytest.mark.parametrize(("spec", "reason"), SPECS, ids=[spec for spec, _ in SPECS])
def test_spec(run: Run, folder: Path, spec: str, reason: str) -> None:
    judge(run, folder, ["encode", "codes.npy", "y.scae", "--spec", spec], reason)


USAGE = [
    ("encode codes.npy y.scae --spec spec --lsb 0", "'--lsb': 0 must be a number above 0"),
    ("encode codes.npy y.scae --spec spec --lsb -1", "'--lsb': -1 must be a number above 0"),
    ("encode codes.npy y.scae --spec spec --lsb nan", "'--lsb': nan must be a number above 0"),
    ("encode codes.npy y.scae --spec spec --lsb inf", "'--lsb': inf must be a number above 0"),
    ("encode codes.npy y.scae --spec spec --lsb 2,34", "Invalid value for '--lsb'"),
    ("encode units.npy y.scae --spec spec --lsb 1e-320", "per ADC step must lie in 1e-12..1e+12; give samples and"),
    ("encode units.npy y.scae --spec spec --lsb 1e13", "'--lsb': 1e+13 units per ADC step must lie in 1e-12..1e+12"),
    ("encode codes.npy y.scae --spec spec --lsb 1 --unit=\x1b[31m", "'--unit': '\\x1b[31m' must consist of printable"),
    ("encode codes.npy y.scae --spec spec --lsb 1 --unit=\udcff", "'--unit': '\\udcff' must consist of printable"),
    (
        f"encode codes.npy y.scae --spec spec --lsb 1 --unit={LONG * 5}",
        "(1500 characters) must have 1000 characters at most",
    ),
    ("encode codes.npy y.scae --spec spec --most-clipped 0.5", "--most-clipped: codes.npy holds integers, which are"),
    ("encode codes.npy y.scae --spec spec --lsb 1 --most-clipped 0.01", "--most-clipped: codes.npy holds integers"),
    ("encode codes.npy y.scae --spec spec --unit mV", "--unit: it is a unit of what? Give --lsb"),
    ("encode codes.npy y.scae --spec spec --blocks-per-packet 0", "'--blocks-per-packet': 0 must lie in 1..255"),
    ("encode codes.npy y.scae --spec spec --blocks-per-packet 256", "'--blocks-per-packet': 256 must lie in 1..255"),
    ("encode codes.npy y.scae --spec spec --most-clipped 2", "'--most-clipped': 2 must lie in 0..1"),
    ("encode codes.npy --spec spec", "Missing argument"),
    ("encode codes.npy y.scae", "Missing option '--spec'"),
    ("encode codes.npy y.scae --spec spec --fast", "No such option: --fast"),
    ("decode x.scae y.npz --spec spec --latents --network n", "--network: latents need no network"),
    ("explode", "No such command 'explode'"),
]


@pytest.mark.parametrize(("line", "reason"), USAGE, ids=[line for line, _ in USAGE])
def test_options(run: Run, folder: Path, line: str, reason: str) -> None:
    judge(run, folder, line.split(), reason, status=2)


def test_another_designs_file_names_both(run: Run, folder: Path) -> None:
    judge(run, folder, ["decode", "x.scae", "y.npz", *OTHER], "name the right folder with --spec")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_must_not_be_read(run: Run, folder: Path) -> None:
    (folder / "notes.txt").chmod(0)
    assert "notes.txt: not allowed; check its permissions" in run("inspect", "notes.txt", status=1)


def test_overwrite_replaces_what_the_user_names(run: Run, folder: Path) -> None:
    run("encode", "codes.npy", "notes.txt", *SPEC, "--overwrite")
    assert (folder / "notes.txt").read_bytes() == (folder / "x.scae").read_bytes()
    run("decode", "x.scae", "recording.npz", *SPEC, "--overwrite", "--latents")
    assert (folder / "recording.npz").read_bytes() == (folder / "out.npz").read_bytes()


def test_earlier_and_empty_outputs_are_replaced(run: Run, folder: Path, shipped: EncoderSpec) -> None:
    (folder / "new.scae").touch()
    (folder / "new.npz").touch()
    for _ in range(2):
        run("encode", "recording.npz", "new.scae", *SPEC)
        run("decode", "new.scae", "new.npz", *SPEC, "--latents")
    with np.load(folder / "new.npz") as new:
        assert len(new["times"]) == BLOCKS


def test_names_that_look_like_markup_or_are_no_text(run: Run, folder: Path) -> None:
    name = os.fsdecode(b"[red]\xff[].npy")
    shutil.copy(folder / "codes.npy", folder / name)
    said = run("encode", name, "[bold].scae", *SPEC, "--json")
    assert '"source": "[red]\\\\xff[].npy"' in said
    assert "[bold].scae: there" not in run("inspect", "[bold].scae")
    assert "[/]: there is no such file" in run("inspect", "[/]", status=1)
