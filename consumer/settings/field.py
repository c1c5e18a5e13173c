"""One setting, as its annotation declares it: a type, a text that describes it, and these markers.

msgspec's `Meta` limits numbers and lists.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from msgspec import NODEFAULT, Meta, Struct
from msgspec.structs import FieldInfo, fields

from consumer.settings.values import Secret

Earlier = Mapping[str, Any]
"""The valid ones of a section's earlier settings."""


class Step(Struct, frozen=True):
    """A step on a value's way: it returns the value for the next one, or raises SettingError."""

    function: Callable[..., Any]


class Reads(Step, frozen=True):
    """First: bring text of the environment and values of the file into one form. Then the type is looked at."""


class EachChecked(Step, frozen=True):
    """Check or normalise each part of a list, so that the problems of all are found."""


class Checked(Step, frozen=True):
    """Check or normalise a value that has its type."""


class Fits(Step, frozen=True):
    """Last: check or complete the value, even None, by the section's earlier settings: `function(value, earlier)`.

    A problem between two settings is found by the later one, so that it is reported once.
    """


class InFile(Struct, frozen=True):
    """The JSON Schema of what the file may hold, where that is more than the type says."""

    schema: dict[str, Any]


class DefaultShown(Struct, frozen=True):
    """Words for a default that depends on other settings."""

    words: str


class Deprecated(Struct, frozen=True):
    """The setting will go."""


class Field(Struct, frozen=True):
    """One setting.

    type        -- without its markers and without None
    markers     -- of its annotation
    is_optional -- None is a value
    default     -- NODEFAULT: it must be given
    """

    type: Any
    markers: tuple[object, ...]
    is_optional: bool
    default: object

    @property
    def description(self) -> str:
        return next(each for each in self.markers if isinstance(each, str))

    @property
    def is_required(self) -> bool:
        return self.default is NODEFAULT

    @property
    def is_secret(self) -> bool:
        """Return whether the value is never shown."""
        return self.type is Secret

    @property
    def is_deprecated(self) -> bool:
        return any(isinstance(each, Deprecated) for each in self.markers)

    @property
    def default_shown(self) -> str | None:
        """Return the words for a default that depends on other settings; None for other defaults."""
        return next((each.words for each in self.markers if isinstance(each, DefaultShown)), None)

    def functions(self, step: type[Step]) -> list[Callable[..., Any]]:
        """Return the functions of one step."""
        return [each.function for each in self.markers if isinstance(each, step)]

    @property
    def limited_type(self) -> Any:
        """Return the type with its limits, as msgspec takes it. Whole numbers are TOML's, of 64 bits."""
        limits = tuple(each for each in self.markers if isinstance(each, Meta))
        if self.type is int and all(each.le is None for each in limits):
            limits = (Meta(le=2**63 - 1), *limits)
        return Annotated[(self.type, *limits)] if limits else self.type

    @property
    def choices(self) -> tuple[str, ...]:
        """Return the values of an enum, none for other types."""
        return tuple(map(str, self.type)) if isinstance(self.type, type) and issubclass(self.type, StrEnum) else ()


@cache
def fields_of(section: type[Struct]) -> Mapping[str, Field]:
    """Return the settings of a section by key, in their order."""
    return {each.name: _field(each) for each in fields(section) if each.name != "given"}


def _field(declared: FieldInfo) -> Field:
    made = declared.default_factory
    default = made() if made is not NODEFAULT else declared.default
    kind, markers, is_optional = declared.type, (), False
    while (origin := get_origin(kind)) in (Annotated, Union, UnionType):
        if origin is Annotated:
            markers += kind.__metadata__
            kind = kind.__origin__
        else:
            is_optional = True
            (kind,) = (each for each in get_args(kind) if each is not NoneType)
    return Field(kind, markers, is_optional, default)
