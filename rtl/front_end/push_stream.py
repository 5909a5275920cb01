"""A stream whose receiver cannot hold it up."""

from typing import Any

from amaranth.lib import wiring
from amaranth.lib.wiring import Out

__all__ = ["PushStream"]


class PushStream(wiring.Signature):
    """A stream without ``ready``.

    Parameters
    ----------
    payload: shape of what is sent.

    Members
    -------
    valid: Out(1): ``payload`` is there, for this cycle only.
    payload: Out(payload): what is sent.
    """

    def __init__(self, payload: Any) -> None:
        super().__init__({"valid": Out(1), "payload": Out(payload)})
