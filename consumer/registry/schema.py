"""A schema as the registry holds it, with all that it refers to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from consumer.formats.framing import SchemaId, schema_name
from consumer.registry.client import Answer, Document, RegistryClient, Unknown

MOST_REFERENCES = 200
_SERIALIZED = {"format": "serialized"}


class SchemaType(StrEnum):
    """The registry's types; a schema without one is Avro."""

    AVRO = "AVRO"
    JSON = "JSON"
    PROTOBUF = "PROTOBUF"


@dataclass(frozen=True, slots=True)
class Schema:
    """One schema.

    text       -- in Avro and JSON Schema, JSON; of Protobuf, the file descriptor in base64
    references -- by name, the texts of the schemas that it refers to and of those that they refer to
    """

    type: str
    text: str
    references: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unusable:
    """A schema that the registry holds and that can't be used; `why` quotes nothing of it."""

    why: str


def fetch(client: RegistryClient, schema_id: SchemaId) -> Schema | Unusable | Answer:
    """Fetch a schema and its references. Returns `Unknown` or `Away` where one of them can't be had."""
    by = "ids" if isinstance(schema_id, int) else "guids"
    path = f"schemas/{by}/{schema_name(schema_id)}"
    answer = client.get(path)
    if not isinstance(answer, Document):
        return answer
    kind = answer.body.get("schemaType") or SchemaType.AVRO
    query = _SERIALIZED if kind == SchemaType.PROTOBUF else {}
    if query:
        answer = client.get(path, query)
        if not isinstance(answer, Document):
            return answer
    references: dict[str, str] = {}
    waiting: list[Any] = _references(answer.body)
    while waiting:
        reference = waiting.pop()
        match reference:
            case {"name": str(name), "subject": str(subject), "version": int(version)}:
                pass
            case _:
                return Unusable("a reference without name, subject and version")
        if name in references:
            continue
        if len(references) >= MOST_REFERENCES:
            return Unusable(f"more than {MOST_REFERENCES} references")
        found = client.get(f"subjects/{quote(subject, safe='')}/versions/{version}", {"deleted": "true", **query})
        if not isinstance(found, Document):
            return Unusable("a reference that the registry does not have") if isinstance(found, Unknown) else found
        references[name] = found.body["schema"]
        waiting += _references(found.body)
    return Schema(kind, answer.body["schema"], references)


def _references(body: Mapping[str, Any]) -> list[Any]:
    found = body.get("references")
    return list(found) if isinstance(found, list) else []
