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
            schema = json.loads(referenced)
            schemas[name] = schema
            if isinstance(schema, dict) and isinstance(schema.get("name"), str):
                schemas[_full_name(schema)] = schema
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


def _full_name(schema: Mapping[str, Any]) -> str:
    name, namespace = schema["name"], schema.get("namespace")
    return f"{namespace}.{name}" if namespace and "." not in name else str(name)


def _check(schema: Any) -> bool:
    """Return whether a schema is recursive. Raises ValueError for arrays whose items take no bytes: they never end."""
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
            waiting += [(part[key], inside) for key in ("type", "items", "values") if key in part]
            waiting += [(field["type"], inside) for field in part.get("fields", ())]
    if any(_takes_no_bytes(each, named) for each in items):
        raise ValueError("items without bytes")
    return recursive


def _takes_no_bytes(schema: Any, named: Mapping[str, Any]) -> bool:
    if isinstance(schema, str):
        return schema == "null" or (schema in named and _takes_no_bytes(named[schema], named))
    if not isinstance(schema, dict):
        return False
    if "fields" in schema:
        return all(_takes_no_bytes(field["type"], named) for field in schema["fields"])
    return schema.get("type") == "null" or schema.get("size") == 0
