"""A producer for header names of any bytes, where confluent-kafka accepts only text: librdkafka by ctypes."""

from __future__ import annotations

import ctypes
import importlib.metadata
from collections.abc import Sequence

PRODUCER, PARTITION_ANY = 0, -1
COPY, NO_ERROR = 2, 0
TOPIC, PARTITION, VALUE, FLAGS, HEADERS = 1, 3, 4, 7, 10  # rd_kafka_vtype_t
FLUSH_MS = 60_000

Header = tuple[bytes, bytes | None]


class _Memory(ctypes.Structure):
    _fields_ = (("pointer", ctypes.c_char_p), ("size", ctypes.c_size_t))


class _Union(ctypes.Union):
    _fields_ = (
        ("text", ctypes.c_char_p),
        ("number", ctypes.c_int32),
        ("memory", _Memory),
        ("pointer", ctypes.c_void_p),
        ("padding", ctypes.c_char * 64),
    )


class _Argument(ctypes.Structure):
    """`rd_kafka_vu_t`."""

    _fields_ = (("kind", ctypes.c_int), ("u", _Union))


def produce_raw_headers(
    bootstrap: str, topic: str, value: bytes, headers: Sequence[Header], partition: int = PARTITION_ANY
) -> None:
    """Put one record on a topic whose header names are any bytes, as clients in C, Go or Rust can write them."""
    kafka = _library()
    reason = ctypes.create_string_buffer(512)
    configuration = ctypes.c_void_p(kafka.rd_kafka_conf_new())
    kafka.rd_kafka_conf_set(configuration, b"bootstrap.servers", bootstrap.encode(), reason, len(reason))
    producer = ctypes.c_void_p(kafka.rd_kafka_new(PRODUCER, configuration, reason, len(reason)))
    assert producer.value, reason.value
    written = ctypes.c_void_p(kafka.rd_kafka_headers_new(len(headers)))
    for name, content in headers:
        size = len(content or b"")
        kafka.rd_kafka_header_add(written, name, ctypes.c_ssize_t(len(name)), content, ctypes.c_ssize_t(size))
    arguments = (_Argument * 5)()
    for argument, kind in zip(arguments, (TOPIC, PARTITION, VALUE, FLAGS, HEADERS), strict=True):
        argument.kind = kind
    arguments[0].u.text = topic.encode()
    arguments[1].u.number = partition
    arguments[2].u.memory = _Memory(value, len(value))
    arguments[3].u.number = COPY
    arguments[4].u.pointer = written.value
    assert not kafka.rd_kafka_produceva(producer, arguments, ctypes.c_size_t(len(arguments)))
    assert kafka.rd_kafka_flush(producer, FLUSH_MS) == NO_ERROR
    kafka.rd_kafka_destroy(producer)


def _library() -> ctypes.CDLL:
    """The librdkafka that confluent-kafka brings along."""
    files = importlib.metadata.files("confluent-kafka") or []
    paths = [str(each.locate()) for each in files if each.name.startswith("librdkafka-")]
    kafka = ctypes.CDLL(paths[0] if paths else "librdkafka.so.1")
    for pointer in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_headers_new", "rd_kafka_produceva"):
        getattr(kafka, pointer).restype = ctypes.c_void_p
    return kafka
