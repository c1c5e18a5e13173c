"""The base class of all sections, the types of their values, and how values are shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, get_origin

from msgspec import Meta, Struct

from consumer.errors import Problem
from consumer.settings import mapping, values
from consumer.settings.field import Checked, EachChecked, Field, InFile, Reads
from consumer.settings.values import MASK, Secret

YEAR = 31_536_000  # seconds

# What the file may hold where a value is read in two forms: as text, as in the environment, or as TOML.
_TEXT = {"type": "string"}
_LIST = {"type": "array", "items": _TEXT}
_POINTERS = {**_LIST, "minItems": 1, "maxItems": mapping.MOST_POINTERS}
_TEXT_OR_LIST = InFile({"anyOf": [_TEXT, _LIST]})
_TEXT_OR_SOME = InFile({"anyOf": [{**_TEXT, "minLength": 1}, {**_LIST, "minItems": 1}]})
_TEXT_OR_PROPERTIES = InFile(
    {"anyOf": [_TEXT, {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}]}
)
_TEXT_OR_POINTERS = InFile(
    {"anyOf": [_TEXT, {"type": "object", "additionalProperties": {"anyOf": [_TEXT, _POINTERS]}}]}
)

Names = Annotated[
    tuple[str, ...],
    Reads(values.comma_separated),
    EachChecked(values.event_name),
    Meta(min_length=1),
    _TEXT_OR_SOME,
]
Hosts = Annotated[tuple[str, ...], Reads(values.comma_separated), EachChecked(values.host_name), _TEXT_OR_LIST]
TopicNames = Annotated[
    tuple[str, ...],
    Reads(values.comma_separated),
    EachChecked(values.topic_name),
    Checked(values.distinct),
    Meta(min_length=1),
    _TEXT_OR_SOME,
]
Servers = Annotated[str, Reads(values.joined), Checked(values.servers), _TEXT_OR_SOME]
BaseUrl = Annotated[str, Checked(values.base_url)]
ProxyUrl = Annotated[Secret, Checked(values.proxy_url)]
ReadableFile = Annotated[str, Checked(values.readable_file)]
CaLocation = Annotated[str, Checked(values.ca_location)]
Region = Annotated[str, Checked(values.region)]
JsonPointer = Annotated[str, Checked(values.json_pointer)]
BasicUser = Annotated[str, Checked(values.basic_user)]
HostName = Annotated[str, Checked(values.host_name)]
HeaderSecret = Annotated[Secret, Checked(values.header_secret)]
Properties = Annotated[dict[str, str], Reads(values.properties), _TEXT_OR_PROPERTIES]
ContactFields = Annotated[dict[str, tuple[str, ...]], Reads(mapping.contact_fields), _TEXT_OR_POINTERS]
TraitNames = Annotated[
    tuple[str, ...],
    Reads(values.comma_separated),
    EachChecked(mapping.trait_name),
    _TEXT_OR_LIST,
]
Seconds = Annotated[float, Meta(ge=0, le=YEAR), Checked(values.measurable)]
SomeSeconds = Annotated[float, Meta(gt=0, le=YEAR), Checked(values.measurable)]
Rate = Annotated[float, Meta(ge=0, le=1_000_000), Checked(values.measurable)]


class Section(Struct, frozen=True, kw_only=True):
    """A frozen group of settings, made by `read_section`.

    given -- the settings that are not filled in by a default
    """

    given: frozenset[str] = frozenset()

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Return warnings about settings without effect."""
        return ()


def shown(field: Field, value: object) -> str | None:
    """Return the value of a setting, checked or unchecked; None where it has none."""
    properties_unread = get_origin(field.type) is dict and isinstance(value, str)
    return MASK if value is not None and (field.is_secret or properties_unread) else text(value)


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
