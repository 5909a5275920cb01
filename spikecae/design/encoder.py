"""``[encoder]``: a section of its own for each kind of encoder, and what every kind answers.

A kind is a class, in a file of its own, that :func:`register_encoder` makes known::

    @register_encoder
    class Linear(Encoder):
        kind: Literal["linear"] = "linear"
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from inspect import isabstract
from typing import Annotated, Any, ClassVar, Self, TypeVar

from pydantic import Field, ValidationError, ValidationInfo, model_validator
from pydantic.functional_validators import ModelWrapValidatorHandler
from pydantic_core import InitErrorDetails, PydanticCustomError

from spikecae.design.block import Block
from spikecae.design.section import Costs, Section, Unit
from spikecae.limits import MOST_FEATURES

__all__ = ["DEFAULT_ENCODER", "ENCODERS", "Encoder", "register_encoder"]

DEFAULT_ENCODER = "resnext"
"""The kind of a table that names none."""


class Encoder(Section, ABC):
    """From M · D normalized samples to N features. Which keys the table has depends on its ``kind``.

    Validating a table as this class gives an instance of the class that the table's ``kind`` names.
    """

    learns_in_epochs: ClassVar[bool] = True
    """Whether it is trained in passes over the spikes, as many as ``[training]`` or the command line says."""

    kind: str
    """Which kind of encoder; the other keys of the table are those of the kind."""
    features: Annotated[
        int,
        Field(ge=1, le=MOST_FEATURES),
        Unit("features"),
        Costs(
            "A block has one index for each: bits, the last stage of the encoder and the search grow with it; 4 times "
            "as many gave 0.6 to 1.0 dB in short trainings."
        ),
    ]
    """N, rows of the latent; each is a vector that the codebook codes by one index."""

    @abstractmethod
    def latent_samples(self, block: Block) -> int:
        """Samples of each feature: the length of a codeword."""

    def points(self) -> tuple[Self, ...]:
        """The encoder at each operating point of the chip; itself first."""
        return (self,)

    @classmethod
    def section_of(cls, table: Mapping[str, Any]) -> "type[Self] | None":
        """The class of the table's kind; None where there is no such kind."""
        kind = table.get("kind", DEFAULT_ENCODER)
        found = ENCODERS.get(kind) if isinstance(kind, str) else None
        return found if found is not None and issubclass(found, cls) else None

    @classmethod
    def of(cls, encoder: "Encoder") -> Self:
        """``encoder``, for code that is written for this kind.

        Raises:
            ValueError: it is of another kind.
        """
        if not isinstance(encoder, cls):
            wanted = cls.model_fields["kind"].default
            raise ValueError(f"encoder.kind = {encoder.kind!r}: not supported here; set it to {wanted!r}")
        return encoder

    @model_validator(mode="wrap")
    @classmethod
    def _by_kind(cls, data: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        if not (isabstract(cls) and isinstance(data, Mapping)):
            return handler(data)
        section = cls.section_of(data)
        if section is None:
            *kinds, last = map(repr, sorted(ENCODERS))
            known = " or ".join(filter(None, [", ".join(kinds), last]))
            unknown = PydanticCustomError(
                "unknown_kind", "{text}", {"text": f"no such kind of encoder; choose {known}"}
            )
            fault = InitErrorDetails(type=unknown, loc=("kind",), input=data.get("kind"))
            raise ValidationError.from_exception_data(cls.__name__, [fault])
        return section.model_validate(data, context=info.context)


ENCODERS: dict[str, type[Encoder]] = {}
"""The kinds there are."""

E = TypeVar("E", bound=Encoder)


def register_encoder(section: type[E]) -> type[E]:
    """Class decorator: make a kind of encoder known by the default of its ``kind``.

    Raises:
        ValueError: it lacks what every encoder is asked, ``kind`` has no default, or there is such a kind already.
    """
    if isabstract(section):
        lacking = ", ".join(sorted(section.__abstractmethods__))
        raise ValueError(f"{section.__name__} lacks {lacking}, which every encoder is asked; write it")
    kind = section.model_fields["kind"].default
    if not isinstance(kind, str):
        raise ValueError(f"{section.__name__}.kind has no default; give it the kind's name")
    if kind in ENCODERS:
        raise ValueError(
            f"{section.__name__}.kind = {kind!r}: that is {ENCODERS[kind].__name__} already; choose another"
        )
    ENCODERS[kind] = section
    return section
