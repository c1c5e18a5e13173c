"""The JSON Schema of the TOML file, for editors: draft 7, which they all read."""

from __future__ import annotations

import inspect
from typing import Any

from msgspec import json

from consumer.settings.field import Field, InFile, fields_of
from consumer.settings.model import SECTIONS
from consumer.settings.section import Section

DIALECT = "http://json-schema.org/draft-07/schema#"

Schema = dict[str, Any]


def json_schema() -> Schema:
    """Return the schema of a settings file.

    Nothing is required: any setting can come from another source. It admits no value of a type that the worker would
    refuse, and asks for one spelling where the worker takes several. TOML has no null: an optional setting is left out.
    """
    return {
        "$schema": DIALECT,
        "title": "clicksend-consumer",
        "description": "Settings of clicksend-consumer. Those left out come from other sources or have defaults",
        "type": "object",
        "properties": {name: _section(section) for name, section in SECTIONS.items()},
        "additionalProperties": False,
    }


def _section(section: type[Section]) -> Schema:
    return {
        "description": inspect.getdoc(section),
        "type": "object",
        "properties": {key: _setting(field) for key, field in fields_of(section).items()},
        "additionalProperties": False,
    }


def _setting(field: Field) -> Schema:
    """Return the schema of one setting. A default that depends on other settings is described in words."""
    words = field.default_shown
    schema = {**_values(field), "description": f"{field.description}; default: {words}" if words else field.description}
    if field.is_deprecated:
        schema["deprecated"] = True
    if not field.is_required and field.default is not None and not words:
        schema["default"] = json.decode(json.encode(field.default))
    return schema


def _values(field: Field) -> Schema:
    for each in field.markers:
        if isinstance(each, InFile):
            return each.schema
    if field.is_secret:
        return {"type": "string", "format": "password", "writeOnly": True}
    if field.choices:
        return {"type": "string", "enum": list(field.choices)}
    return json.schema(field.limited_type)
