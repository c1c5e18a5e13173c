"""The base class of all sections, the types of their values, and how values are shown."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic import field_validator as check
from pydantic.fields import FieldInfo

from consumer.errors import Problem
from consumer.settings import mapping, values

# pydantic would look for plugins in every installed package (15 ms), and show them the settings, secrets included.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

YEAR = 31_536_000  # seconds
MASK = "********"

# What the file may hold where a value is read in two forms: as text, as in the environment, or as TOML.
_TEXT = {"type": "string"}
_LIST = {"type": "array", "items": _TEXT}
_POINTERS = {**_LIST, "minItems": 1, "maxItems": mapping.MOST_POINTERS}
_TEXT_OR_LIST = WithJsonSchema({"anyOf": [_TEXT, _LIST]})
_TEXT_OR_SOME = WithJsonSchema({"anyOf": [{**_TEXT, "minLength": 1}, {**_LIST, "minItems": 1}]})
_TEXT_OR_PROPERTIES = WithJsonSchema(
    {"anyOf": [_TEXT, {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}]}
)
_TEXT_OR_POINTERS = WithJsonSchema(
    {"anyOf": [_TEXT, {"type": "object", "additionalProperties": {"anyOf": [_TEXT, _POINTERS]}}]}
)

Names = Annotated[
    tuple[Annotated[str, AfterValidator(values.event_name)], ...],
    BeforeValidator(values.comma_separated),
    Field(min_length=1),
    _TEXT_OR_SOME,
]
Hosts = Annotated[
    tuple[Annotated[str, AfterValidator(values.host_name)], ...], BeforeValidator(values.comma_separated), _TEXT_OR_LIST
]
TopicName = Annotated[str, AfterValidator(values.topic_name)]
TopicNames = Annotated[
    tuple[TopicName, ...],
    BeforeValidator(values.comma_separated),
    AfterValidator(values.distinct),
    Field(min_length=1),
    _TEXT_OR_SOME,
]
Servers = Annotated[str, BeforeValidator(values.joined), AfterValidator(values.servers), _TEXT_OR_SOME]
BaseUrl = Annotated[str, AfterValidator(values.base_url)]
ProxyUrl = Annotated[SecretStr, AfterValidator(values.proxy_url)]
ReadableFile = Annotated[str, AfterValidator(values.readable_file)]
CaLocation = Annotated[str, AfterValidator(values.ca_location)]
Region = Annotated[str, AfterValidator(values.region)]
JsonPointer = Annotated[str, AfterValidator(values.json_pointer)]
BasicUser = Annotated[str, AfterValidator(values.basic_user)]
HostName = Annotated[str, AfterValidator(values.host_name)]
HeaderSecret = Annotated[SecretStr, AfterValidator(values.header_secret)]
Properties = Annotated[dict[str, str], BeforeValidator(values.properties), _TEXT_OR_PROPERTIES]
ContactFields = Annotated[dict[str, tuple[str, ...]], BeforeValidator(mapping.contact_fields), _TEXT_OR_POINTERS]
TraitNames = Annotated[
    tuple[Annotated[str, AfterValidator(mapping.trait_name)], ...],
    BeforeValidator(values.comma_separated),
    _TEXT_OR_LIST,
]
Seconds = Annotated[float, Field(ge=0, le=YEAR), AfterValidator(values.measurable)]
SomeSeconds = Annotated[float, Field(gt=0, le=YEAR), AfterValidator(values.measurable)]
Rate = Annotated[float, Field(ge=0, le=1_000_000), AfterValidator(values.measurable)]


class Section(BaseModel):
    """A frozen group of settings. Text is stripped, enum values match in any case, errors never show a value.

    A check of two settings is attached to the later one and sees the valid earlier ones in `info.data`: every problem
    is reported once.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_default=True,
        hide_input_in_errors=True,
        allow_inf_nan=False,
    )

    @check("*", mode="before")
    @classmethod
    def _tidied(cls, value: object, info: ValidationInfo) -> object:
        field = cls.model_fields[info.field_name or ""]
        if isinstance(value, bool) and field.annotation is not bool:
            raise values.SettingError("is a boolean, but another type is expected", f"{field.description}")
        if not isinstance(value, str):
            return value
        text = values.encodable(value.strip())
        if not any(isinstance(each, BeforeValidator) for each in field.metadata):
            values.header_text(text)
        words = {word.lower(): word for word in choices(field.annotation)}
        return words.get(text.lower(), text)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Return warnings about settings without effect."""
        return ()


def shown(section: Section, key: str) -> str | None:
    """Return the value of a setting, checked or unchecked; None where it has none."""
    value = getattr(section, key, None)
    field = type(section).model_fields[key]
    properties_unread = get_origin(field.annotation) is dict and isinstance(value, str)
    return MASK if value is not None and (is_secret(field) or properties_unread) else text(value)


def text(value: object) -> str | None:
    """Return a value as written in the environment, None for none.

    The values of properties may be secrets: mask them. Pointers, which are tuples, are not.
    """
    match value:
        case None | "" | ():
            return None
        case bool():
            return str(value).lower()
        case float():
            return str(value).removesuffix(".0")
        case tuple() | list():
            return ",".join(str(part) for part in value)
        case Mapping():
            return json.dumps({name: _pointers(held) for name, held in value.items()})
        case _:
            return str(value)


def _pointers(held: object) -> object:
    if not isinstance(held, tuple):
        return MASK
    return held[0] if len(held) == 1 else held


def default_shown(field: FieldInfo) -> str | None:
    """Return the words for a default that depends on other settings; None for other defaults."""
    extra = field.json_schema_extra
    return str(extra["default_shown"]) if isinstance(extra, dict) and "default_shown" in extra else None


def is_deprecated(field: FieldInfo) -> bool:
    """Return whether this setting will go."""
    extra = field.json_schema_extra
    return isinstance(extra, dict) and extra.get("deprecated") is True


def is_secret(field: FieldInfo) -> bool:
    """Return whether this setting is never shown."""
    return SecretStr in _types_in(field.annotation)


def choices(annotation: object) -> tuple[str, ...]:
    """Return the values of an enum or an optional enum, none for other types."""
    kinds = [kind for kind in _types_in(annotation) if isinstance(kind, type) and issubclass(kind, StrEnum)]
    return tuple(str(member) for kind in kinds for member in kind)


def _types_in(annotation: object) -> tuple[object, ...]:
    """Return the types inside an annotation such as `Annotated[SecretStr, ...] | None`."""
    return (annotation, *(inner for part in get_args(annotation) for inner in _types_in(part)))
