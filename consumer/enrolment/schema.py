"""The JSON Schemas used for validation: the files in `schemas/` are the contract."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator

_PACKAGE = Path(__file__).parents[1]
_IN_WHEEL, _IN_CHECKOUT = _PACKAGE / "schemas", _PACKAGE.parent / "schemas"
_ANNOTATIONS = {"$schema", "$id", "$defs", "title", "description", "examples"}
_MOST_PATTERNS = 256  # of one schema; each takes some KiB and a millisecond

Document = dict[str, Any]


class Schema:
    """A JSON Schema (2020-12).

    A pattern made of it finds nearly all objects of texts valid; whatever it doesn't, the validator decides, which
    takes 8 MiB of memory and is loaded then.
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        self._patterns: dict[tuple[str, ...], re.Pattern[str]] = {}  # of the values, a line each, by their names

    def is_valid(self, texts: dict[str, str]) -> bool:
        """Return whether an object that holds texts only has no fault."""
        names = tuple(texts)
        lines = "\n".join(texts.values())
        pattern = self._patterns.get(names) or self._new_pattern(names)
        if pattern is not None and lines.count("\n") < len(names) and pattern.fullmatch(lines):
            return True
        return self._validator.is_valid(texts)

    def fault(self, instance: object) -> str | None:
        """Return the place and keyword of the instance's first fault, without any value; None if it is valid."""
        error = next(self._validator.iter_errors(instance), None)
        return None if error is None else "/".join(map(str, [*error.instance_path, error.schema_path[-1]]))

    def _new_pattern(self, names: tuple[str, ...]) -> re.Pattern[str] | None:
        pattern = _pattern_of(names, self._document) if len(self._patterns) < _MOST_PATTERNS else None
        if pattern is not None:
            self._patterns[names] = pattern
        return pattern

    @cached_property
    def _validator(self) -> Draft202012Validator:
        from jsonschema_rs import Draft202012Validator  # noqa: PLC0415 -- seldom needed, and large

        return Draft202012Validator(self._document)


def load_schema(name: str) -> Schema:
    """Return the schema in the file `<name>.schema.json`, from the wheel or the checkout."""
    folder = _IN_WHEEL if _IN_WHEEL.is_dir() else _IN_CHECKOUT
    return Schema(orjson.loads((folder / f"{name}.schema.json").read_bytes()))


def _pattern_of(names: tuple[str, ...], document: Document) -> re.Pattern[str] | None:
    """Return a pattern that only values of a valid object with these names match, a line each.

    None where no object with them is valid, or where the schema has keywords that are not read here.
    """
    properties, alternatives = document.get("properties", {}), document.get("anyOf", [{}])
    lines = [line for name in names if (line := _line_of(properties.get(name, {}), document)) is not None]
    if not (
        _has_only(document, "type", "properties", "required", "anyOf", "additionalProperties")
        and all(_has_only(each, "required") for each in alternatives)
        and document.get("type") == "object"
        and {*document.get("required", [])} <= {*names}
        and any({*each.get("required", [])} <= {*names} for each in alternatives)
        and len(lines) == len(names)
    ):
        return None
    return re.compile("\n".join(lines), re.MULTILINE)


def _line_of(schema: Document, document: Document) -> str | None:
    """Return a pattern that only valid texts match, if they are one line; None where the schema has other keywords.

    What matches a property's pattern as a whole is found by it in ECMA-262, too: both know the classes in `schemas/`.
    """
    if "$ref" in schema and _has_only(schema, "$ref"):
        schema = document["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    if "enum" in schema and _has_only(schema, "enum"):
        return f"(?:{'|'.join(map(re.escape, schema['enum']))})"
    if schema.get("type") == "string" and _has_only(schema, "type", "pattern", "maxLength"):
        longest = schema.get("maxLength")
        bound = "" if longest is None else f"(?=.{{0,{longest}}}$)"
        return f"{bound}(?:{schema.get('pattern', '.*')})"
    return None


def _has_only(schema: Document, *keywords: str) -> bool:
    return schema.keys() <= _ANNOTATIONS.union(keywords)
