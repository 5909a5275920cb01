"""Where a training runs, on how many threads, and in what precision."""

import os

import torch

from spikecae.cores import usable_cores

__all__ = ["has_bfloat16", "thread_count", "training_device"]


def training_device() -> torch.device:
    """The GPU where PyTorch finds one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def has_bfloat16(device: torch.device) -> bool:
    """Whether ``device`` multiplies bfloat16 in hardware, and so faster than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return any(torch.cpu.get_capabilities().get(name, False) for name in ("avx512_bf16", "amx_bf16"))


def thread_count() -> int:
    """Threads for PyTorch: ``OMP_NUM_THREADS`` where set, else one for each core that this process may run on."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return int(asked) if asked.isdigit() and int(asked) else usable_cores()
