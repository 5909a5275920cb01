"""The decoder network, an ONNX file run by ONNX Runtime on a GPU if it can use one, else on the CPU."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spikecae.errors import InputError
from spikecae.spec import EncoderSpec

__all__ = ["DecoderNetwork", "DecoderNetworkError"]

PROVIDERS = ("CUDAExecutionProvider", "CPUExecutionProvider")
"""In order of preference."""
LONGEST_REASON = 200
"""Characters of what ONNX Runtime says."""


class DecoderNetworkError(InputError):
    """A decoder network that cannot be used: missing, corrupt, or of another design."""


class DecoderNetwork:
    """The network in an ONNX file, checked against the encoder whose latents it takes.

    Args:
        path: the file.
        spec: the encoder.

    Raises:
        DecoderNetworkError: there is no such file, ONNX Runtime does not load it, or it takes or gives other shapes.
    """

    def __init__(self, path: Path, spec: EncoderSpec) -> None:
        try:
            import onnxruntime
        except ImportError:
            raise DecoderNetworkError(
                "waveforms need ONNX Runtime; install it with: pip install onnxruntime (or take --latents)"
            ) from None
        if not path.is_file():
            raise DecoderNetworkError(f"no decoder network {path}; make it with the toolkit: make codec")
        usable = [name for name in PROVIDERS if name in onnxruntime.get_available_providers()]
        try:
            self._session = onnxruntime.InferenceSession(str(path), providers=usable)
        except Exception as error:  # it has its own error for every kind of damage, all derived from this
            raise DecoderNetworkError(f"{path}: ONNX Runtime does not load it: {_short(error)}") from None
        tensors = [*self._session.get_inputs(), *self._session.get_outputs()]
        found = [list(tensor.shape[1:]) for tensor in tensors]
        wanted = [[spec.latents.channels, spec.latents.samples], [spec.spikes, spec.samples]]
        if found != wanted:
            raise DecoderNetworkError(
                f"{path} is of another design: its shapes are {_short(found)}, the spec of {spec.design!r} needs "
                f"{wanted}"
            )
        for tensor in tensors:
            if tensor.type != "tensor(float)" or isinstance(tensor.shape[0], int):
                raise DecoderNetworkError(
                    f"{path}: {_short(tensor.name)} is {tensor.type} of {tensor.shape[0]} blocks, must be "
                    "tensor(float) of any number; make it with the toolkit: make codec"
                )
        self._path, self._shape = path, (spec.spikes, spec.samples)
        self.provider: str = self._session.get_providers()[0]

    def run(self, latents: NDArray[np.float32]) -> NDArray[np.float32]:
        """Normalized blocks (n, M, D) from latents (n, N, T).

        Raises:
            DecoderNetworkError: it does not run to its end, or makes something else than it says.
        """
        try:
            blocks: NDArray[np.float32] = self._session.run(None, {self._session.get_inputs()[0].name: latents})[0]
        except Exception as error:  # as when it is loaded
            raise DecoderNetworkError(f"{self._path}: ONNX Runtime does not run it: {_short(error)}") from None
        wanted = (len(latents), *self._shape)
        if blocks.shape != wanted:
            raise DecoderNetworkError(
                f"{self._path}: it makes {blocks.shape} of {len(latents)} blocks, must be {wanted}; "
                "make it with the toolkit: make codec"
            )
        return blocks


def _short(reason: object) -> str:
    return ascii(" ".join(str(reason).split()))[1:-1][:LONGEST_REASON]
