"""A chip's design as a whole: its sections, and all its faults at once."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, SerializeAsAny, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic.functional_validators import ModelWrapValidatorHandler
from pydantic_core import InitErrorDetails, PydanticCustomError

from spikecae.design.adc import Adc
from spikecae.design.block import Block, Normalization
from spikecae.design.codebook import Codebook, Quantization
from spikecae.design.encoder import Encoder
from spikecae.design.hardware import Hardware
from spikecae.design.recording import Detector, Recording
from spikecae.design.rules import contradictions, without_faults
from spikecae.design.section import Origin, Section
from spikecae.design.training import Synthetic, Training

__all__ = ["Design"]


class Design(Section):
    """One chip: everything the stages need to know, as read by :func:`spikecae.design.load_design`.

    Raises:
        pydantic.ValidationError: a ``ValueError`` with every fault: of single keys, and contradictions between them.
    """

    schema_version: Literal[1]
    """Version of this format."""
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    """Name of the design: that of its file, without ``.toml``."""
    adc: Adc
    block: Block
    encoder: SerializeAsAny[Encoder]
    codebook: Codebook
    normalization: Normalization
    quantization: Quantization = Quantization()
    hardware: Hardware = Hardware()
    recording: Recording
    front_end: Detector | None = None
    synthetic: Synthetic = Synthetic()
    training: Training = Training()

    @property
    def latent_samples(self) -> int:
        """Samples per feature: the length of a codeword."""
        return self.encoder.latent_samples(self.block)

    @property
    def points(self) -> "tuple[Design, ...]":
        """The design at each operating point of the chip; itself first."""
        return tuple(self.model_copy(update={"encoder": encoder}) for encoder in self.encoder.points())

    @field_validator("name")
    @classmethod
    def _is_its_files(cls, name: str, info: ValidationInfo) -> str:
        if isinstance(info.context, Origin) and name != info.context.file_name:
            remedy = f"must equal the file's name; write {info.context.file_name!r} or rename the file"
            raise PydanticCustomError("another_name", "{text}", {"text": remedy})
        return name

    @model_validator(mode="wrap")
    @classmethod
    def _judged(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Judges rules where keys have faults, too, so that all faults are told at once."""
        try:
            design = handler(data)
        except ValidationError as error:
            told = error.errors(include_url=False)
            judged = without_faults(cls, data, [fault["loc"] for fault in told])
        else:
            told, judged = [], design
        found = [] if judged is None else list(contradictions(judged, complete=not told))
        if not told and not found:
            return design
        lines = [(fault["type"], fault["loc"], fault["input"], fault["msg"]) for fault in told]
        lines += [("contradiction", tuple(fault.key.split(".")), fault.value, fault.text) for fault in found]
        raise ValidationError.from_exception_data(
            cls.__name__,
            [
                InitErrorDetails(type=PydanticCustomError(kind, "{text}", {"text": text}), loc=place, input=value)
                for kind, place, value, text in lines
            ],
        )
