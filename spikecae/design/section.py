"""What every section of a design file is: an immutable table that refuses unknown keys."""

import inspect
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Self, get_args

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticKnownError

__all__ = ["Costs", "Origin", "Section", "Unit", "section_in"]


@dataclass(frozen=True)
class Unit:
    """What a key's number counts; beside its type, for the key reference."""

    name: str


@dataclass(frozen=True)
class Costs:
    """What a value costs or saves: area, energy, cycles, bits, quality; beside a key's type, for the key reference."""

    text: str


@dataclass(frozen=True)
class Origin:
    """Where a design comes from: the context of its validation, for rules about more than the design itself."""

    file_name: str
    """Name of the file, without its ending."""
    macro_processes: Collection[str] | None = None
    """Processes whose kits have memory macros; None where they are not known."""


class Section(BaseModel):
    """A table of the TOML file: immutable, unknown keys refused, types as written, numbers finite."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )

    @classmethod
    def section_of(cls, table: Mapping[str, Any]) -> type[Self] | None:
        """The class that a table belongs to; None where the table does not say."""
        return cls

    @field_validator("*", mode="before")
    @classmethod
    def _as_written(cls, value: Any, info: ValidationInfo) -> Any:
        """Pydantic alone takes whatever equals one of the choices, and ``true`` and 1.0 equal 1."""
        annotation = cls.model_fields[str(info.field_name)].annotation
        if _chooses_whole_numbers(annotation) and _has_other_numbers(value):
            raise PydanticKnownError("int_type")
        return value


def _chooses_whole_numbers(annotation: Any) -> bool:
    return any(type(part) is int or _chooses_whole_numbers(part) for part in get_args(annotation))


def _has_other_numbers(value: Any) -> bool:
    return any(map(_has_other_numbers, value)) if isinstance(value, list) else isinstance(value, bool | float)


def section_in(field: FieldInfo) -> type[Section] | None:
    """The section that a field of a section is, also where it may be left out; None where it is none."""
    kinds = (field.annotation, *get_args(field.annotation))
    return next((kind for kind in kinds if inspect.isclass(kind) and issubclass(kind, Section)), None)
