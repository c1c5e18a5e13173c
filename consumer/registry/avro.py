"""Avro: a schema becomes a function from data to JSON.

By fastavro, as confluent-kafka's deserialiser does it; that one expands the schema anew for each record, which takes
three times as long as the decoding.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import BytesIO
from typing import Any

from fastavro import schemaless_reader
from fastavro._read_py import schemaless_reader as schemaless_reader_in_python
from fastavro._schema_py import load_schema as load_schema_in_python
from fastavro.repository.base import AbstractSchemaRepository

from consumer.registry.as_json import as_json

_ROOT = "$root"
_INNER = ("type", "items", "values")  # the parts of a type that are types
MOST_WITHOUT_BYTES = 1_000  # values of a value


class _Schemas(AbstractSchemaRepository):
    """The schemas that came from the registry, by name."""

    def __init__(self, schemas: Mapping[str, Any]) -> None:
        self._schemas = schemas

    def load(self, name: str) -> Any:
        return self._schemas[name]


class AvroDecoder:
    """Decode values of one schema. Raises whatever fastavro raises for a schema or a value that it can't read."""

    def __init__(self, text: str, references: Mapping[str, str]) -> None:
        schemas: dict[str, Any] = {}
        for name, referenced in references.items():
            schemas.setdefault(name, _by_name(json.loads(referenced), "", schemas))
        schemas[_ROOT] = json.loads(text)
        # The compiled functions have no limit of depth. References in a circle would end the process, as would a
        # recursive schema and a value of 5,000 levels.
        self._schema = schema = load_schema_in_python(_ROOT, repo=_Schemas(schemas))
        self._read = schemaless_reader_in_python if _check(schema) else schemaless_reader
        self._as_written = json.loads(json.dumps(schema), object_hook=_as_written)

    def __call__(self, payload: bytes) -> bytes:
        try:
            return self._json(payload, self._schema)
        except (OverflowError, ValueError):  # a time beyond Python's range, a UUID that is none
            return self._json(payload, self._as_written)

    def _json(self, payload: bytes, schema: Any) -> bytes:
        stream = BytesIO(payload)
        value = self._read(stream, schema, None)
        if stream.read(1):
            raise ValueError("bytes after the value")
        return as_json(value)


def _as_written(part: dict[str, Any]) -> dict[str, Any]:
    """Return a part of a schema without its logical type, unless it is a decimal: its bytes alone mean nothing."""
    return {key: value for key, value in part.items() if key != "logicalType" or value == "decimal"}


def _by_name(schema: Any, namespace: str, found: dict[str, Any]) -> Any:
    """Return the schema with the full names of the types that it defines in their places; add those to `found`.

    So each can be used before the one that defines it inside is: producers parse their references first.

    namespace -- of the type around it
    """
    if isinstance(schema, list):
        return [_by_name(branch, namespace, found) for branch in schema]
    if not isinstance(schema, dict):
        return schema
    if "name" not in schema:
        return {key: _by_name(part, namespace, found) if key in _INNER else part for key, part in schema.items()}
    inside, dot, _ = schema["name"].rpartition(".")
    namespace = inside if dot else schema.get("namespace", namespace)
    full_name = schema["name"] if dot or not namespace else f"{namespace}.{schema['name']}"
    found[full_name] = definition = {**schema, "namespace": namespace}
    if "fields" in schema:
        fields = [{**field, "type": _by_name(field["type"], namespace, found)} for field in schema["fields"]]
        definition["fields"] = fields
    return full_name


def _check(schema: Any) -> bool:
    """Return whether a schema is recursive.

    Raises ValueError for values that take no bytes in an array, which never ends, or beyond `MOST_WITHOUT_BYTES` of
    them in one: twenty records, each with the next one twice, are a million.
    """
    recursive = False
    named: dict[str, Any] = {}
    items: list[Any] = []
    waiting: list[tuple[Any, frozenset[str]]] = [(schema, frozenset())]  # with the names of the types around it
    while waiting:
        part, around = waiting.pop()
        if isinstance(part, str):
            recursive = recursive or part in around
        elif isinstance(part, list):
            waiting += [(branch, around) for branch in part]
        elif isinstance(part, dict):
            inside = around
            if "name" in part:
                named[part["name"]] = part
                inside = around | {part["name"]}
            if part.get("type") == "array":
                items.append(part["items"])
            waiting += [(part[key], inside) for key in _INNER if key in part]
            waiting += [(field["type"], inside) for field in part.get("fields", ())]
    without_bytes = _WithoutBytes(named)
    if any(map(without_bytes.values_in, items)):
        raise ValueError("items without bytes")
    if any(without_bytes.values_in(name) > MOST_WITHOUT_BYTES for name in named):
        raise ValueError("too many values without bytes")
    return recursive


class _WithoutBytes:
    """Counts the values of a schema that the payload has no bytes for. named -- the schemas with a name."""

    def __init__(self, named: Mapping[str, Any]) -> None:
        self._named = named
        self._counts: dict[str, int] = {}

    def values_in(self, schema: Any) -> int:
        """Return how many values one value holds, itself included; 0: it takes at least one byte."""
        if isinstance(schema, str):
            if schema in self._named and schema not in self._counts:
                self._counts[schema] = self._of(self._named[schema])
            return self._counts.get(schema, int(schema == "null"))
        return self.values_in(schema["name"]) if isinstance(schema, dict) and "name" in schema else self._of(schema)

    def _of(self, schema: Any) -> int:
        if not isinstance(schema, dict):
            return 0
        if "fields" in schema:
            inside = [self.values_in(field["type"]) for field in schema["fields"]]
            return 1 + sum(inside) if all(inside) else 0
        return int(schema.get("type") == "null" or schema.get("size") == 0)
