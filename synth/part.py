"""What every piece of a report or a library is built from."""

from pydantic import BaseModel, ConfigDict

__all__ = ["Part"]


class Part(BaseModel):
    """Immutable; unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
