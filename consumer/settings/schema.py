"""The JSON Schema of the TOML file, for editors: draft 7, which they all read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from consumer.settings.model import SECTIONS
from consumer.settings.section import Section

if TYPE_CHECKING:
    from pydantic_core.core_schema import NullableSchema

DIALECT = "http://json-schema.org/draft-07/schema#"

Schema = dict[str, Any]


class _WithoutNull(GenerateJsonSchema):
    """Schemas of what TOML can hold: it has no null, and an optional setting is left out."""

    def nullable_schema(self, schema: NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])


def json_schema() -> Schema:
    """Return the schema of a settings file.

    Nothing is required: any setting can come from another source. It admits no value of a type that the worker would
    refuse, and asks for one spelling where the worker takes several.
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
    generated = section.model_json_schema(schema_generator=_WithoutNull)
    named = generated.get("$defs", {})
    return {
        "description": generated["description"],
        "type": "object",
        "properties": {key: _setting(_inline(value, named)) for key, value in generated["properties"].items()},
        "additionalProperties": False,
    }


def _inline(schema: Any, named: Schema) -> Any:
    """Return a schema without references: editors differ in what they read beside one."""
    if isinstance(schema, list):
        return [_inline(part, named) for part in schema]
    if not isinstance(schema, dict):
        return schema
    whole = dict(schema)
    if reference := whole.pop("$ref", None):
        whole = {**named[reference.rpartition("/")[2]], **whole}
    return {key: _inline(part, named) for key, part in whole.items()}


def _setting(schema: Schema) -> Schema:
    """Return the schema of one setting. A default that depends on other settings is described in words."""
    shown = schema.pop("default_shown", None)
    schema.pop("title", None)
    if shown:
        schema["description"] += f"; default: {shown}"
    if shown or schema.get("default") is None:
        schema.pop("default", None)
    return schema
