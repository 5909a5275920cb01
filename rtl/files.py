"""Names of what the generator writes."""

from spikecae.design import WITHOUT_MACROS

__all__ = ["COMPRESSOR", "ENCODER", "MANIFESTS", "WAIVERS", "files_beside", "layout_verilog", "model_file"]

ENCODER = "spike_encoder"
COMPRESSOR = "spike_compressor"
MANIFESTS = {ENCODER: "manifest.json", COMPRESSOR: "compressor.json"}
"""What describes each."""
WAIVERS = f"{ENCODER}.vlt"
"""What Verilator need not say of any of them."""


def layout_verilog(top: str, memories: str) -> str:
    """Name of the Verilog for a layout."""
    return f"{top}.v" if memories == "inferred" else f"{top}.{memories}.v"


def model_file(memories: str) -> str | None:
    """Name of the models of macros; None where there are none."""
    return None if memories in WITHOUT_MACROS else f"{memories}.models.v"


def files_beside(*, loadable: bool, front_end: bool, memories: str) -> list[str]:
    """Files beside the encoder's Verilog and the manifest.

    Args:
        loadable: whether parameters are loaded, not built in.
        front_end: whether there is a detector in front of the encoder.
        memories: what they are in the Verilog for a layout.
    """
    files = [f"{ENCODER}.f", f"{ENCODER}.sdc", WAIVERS, "librelane.json", "registers.json", "registers.h"]
    files += ["load.json"] if loadable else []
    files += [f"{COMPRESSOR}.v", MANIFESTS[COMPRESSOR]] if front_end else []
    if memories != "inferred":
        files += [layout_verilog(top, memories) for top in (ENCODER, *([COMPRESSOR] if front_end else []))]
    models = model_file(memories)
    return [*files, models] if models else files
