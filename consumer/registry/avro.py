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
from fastavro.repository.base import AbstractSchemaRepository
from fastavro.schema import load_schema

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
        self._schema = schema = load_schema(_ROOT, repo=_Schemas(schemas))
        # The compiled reader has no limit of depth: a recursive schema and a value of 5,000 levels end the process.
        self._read = schemaless_reader_in_python if _check(schema) else schemaless_reader

    def __call__(self, payload: bytes) -> bytes:
        stream = BytesIO(payload)
        value = self._read(stream, self._schema, None)
        if stream.read(1):
            raise ValueError("bytes after the value")
        return as_json(value)


def _full_name(schema: Mapping[str, Any]) -> str:
    name, namespace = schema["name"], schema.get("namespace")
    return f"{namespace}.{name}" if namespace and "." not in name else str(name)


def _check(schema: Any) -> bool:
    """Return whether a schema is recursive. Raises ValueError for arrays whose items take no bytes: they never end."""
    recursive = False
    waiting: list[tuple[Any, frozenset[str]]] = [(schema, frozenset())]  # with the names of the types around it
    while waiting:
        part, around = waiting.pop()
        if isinstance(part, str):
            recursive = recursive or part in around
        elif isinstance(part, list):
            waiting += [(branch, around) for branch in part]
        elif isinstance(part, dict):
            if part.get("type") == "array" and _takes_no_bytes(part["items"]):
                raise ValueError("items without bytes")
            inside = around | {part["name"]} if "name" in part else around
            waiting += [(part[key], inside) for key in ("type", "items", "values") if key in part]
            waiting += [(field["type"], inside) for field in part.get("fields", ())]
    return recursive


def _takes_no_bytes(schema: Any) -> bool:
    if not isinstance(schema, dict):
        return bool(schema == "null")
    if schema.get("type") == "record":
        return all(_takes_no_bytes(field["type"]) for field in schema["fields"])
    return schema.get("type") == "null" or schema.get("size") == 0
