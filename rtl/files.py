"""Names of what the generator writes."""

__all__ = ["COMPRESSOR", "ENCODER", "files_beside"]

ENCODER = "spike_encoder"
COMPRESSOR = "spike_compressor"


def files_beside(*, loadable: bool, front_end: bool) -> list[str]:
    """Files beside the encoder's Verilog and the manifest.

    Args:
        loadable: whether parameters are loaded, not built in.
        front_end: whether there is a detector in front of the encoder.
    """
    files = [f"{ENCODER}.f", f"{ENCODER}.sdc", "librelane.json", "registers.json", "registers.h"]
    files += ["load.json"] if loadable else []
    files += [f"{COMPRESSOR}.v"] if front_end else []
    return files
