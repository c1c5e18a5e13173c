"""Protobuf without generated classes: a file descriptor becomes a function from data to JSON."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping
from importlib import import_module

from google.protobuf.descriptor import Descriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from consumer.registry.as_json import as_json

_FILE = "$root.proto"
_MOST_INDEXES = 64  # of nested messages
_MOST_VARINT_BYTES = 10
_OWN_FILE = re.compile(r"(?:google/(?:protobuf|type|api)|confluent(?:/types?)?)/[a-z_]+\.proto")
"""Files that come with protobuf, googleapis-common-protos and confluent-kafka: no registry has references to them."""


class ProtobufDecoder:
    """Decode values of one schema. Raises whatever protobuf raises for a schema or a value that it can't read."""

    def __init__(self, text: str, references: Mapping[str, str]) -> None:
        self._pool = DescriptorPool()
        self._references = references
        self._added: set[str] = set()
        self._file = _file(_FILE, text)
        self._add(self._file)
        self._classes: dict[tuple[int, ...], type[Message]] = {}

    def __call__(self, payload: bytes) -> bytes:
        indexes, start = _indexes(payload)
        kind = self._classes.get(indexes)
        if kind is None:
            kind = self._classes[indexes] = GetMessageClass(self._message(indexes))
        message = kind()
        message.ParseFromString(payload[start:])
        return as_json(MessageToDict(message, preserving_proto_field_name=True, descriptor_pool=self._pool))

    def _add(self, file: FileDescriptorProto) -> None:
        """Add a file after those that it imports."""
        self._added.add(file.name)
        for name in file.dependency:
            if name not in self._added:
                text = self._references.get(name)
                self._add(_file(name, text) if text is not None else _own_file(name))
        self._pool.Add(file)

    def _message(self, indexes: tuple[int, ...]) -> Descriptor:
        """Return the message that the indexes lead to: the first of the file, the second inside that one ..."""
        messages, names = self._file.message_type, []
        for index in indexes:
            if not 0 <= index < len(messages):
                raise ValueError("no such message in the schema")
            names.append(messages[index].name)
            messages = messages[index].nested_type
        package = [self._file.package] if self._file.package else []
        return self._pool.FindMessageTypeByName(".".join([*package, *names]))


def _file(name: str, text: str) -> FileDescriptorProto:
    file = FileDescriptorProto.FromString(b64decode(text, validate=True))
    file.name = name
    return file


def _own_file(name: str) -> FileDescriptorProto:
    if not _OWN_FILE.fullmatch(name):
        raise ValueError("an import that the schema has no reference for")
    package = "confluent_kafka.schema_registry." if name.startswith("confluent/") else ""
    module = import_module(package + name.removesuffix(".proto").replace("/", ".") + "_pb2")
    return FileDescriptorProto.FromString(module.DESCRIPTOR.serialized_pb)


def _indexes(payload: bytes) -> tuple[tuple[int, ...], int]:
    """Return the message indexes before a value, and where the value begins: their number, then each, in zigzag."""
    count, at = _varint(payload, 0)
    if not 0 <= count <= _MOST_INDEXES:
        raise ValueError("message indexes")
    if count == 0:
        return (0,), at
    found = []
    for _ in range(count):
        index, at = _varint(payload, at)
        found.append(index)
    return tuple(found), at


def _varint(payload: bytes, at: int) -> tuple[int, int]:
    number = 0
    for shift in range(_MOST_VARINT_BYTES):
        byte = payload[at + shift]
        number |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            return (number >> 1) ^ -(number & 1), at + shift + 1
    raise ValueError("a number without an end")
