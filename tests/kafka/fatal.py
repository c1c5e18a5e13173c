"""An injected fatal error of librdkafka."""

from __future__ import annotations

import ctypes
from pathlib import Path

import confluent_kafka
from confluent_kafka import KafkaError, Producer


class _Handle(ctypes.Structure):
    """The first fields of confluent-kafka's client objects (confluent_kafka.h)."""

    _fields_ = (("refcount", ctypes.c_ssize_t), ("type", ctypes.c_void_p), ("rk", ctypes.c_void_p))


def fail_for_good(producer: Producer) -> None:
    """Raise a fatal error in it, as a broker's answer would: rd_kafka_test_fatal_error, made for tests like these."""
    (path,) = (Path(confluent_kafka.__file__).parents[1] / "confluent_kafka.libs").glob("librdkafka*")
    raise_fatal = ctypes.CDLL(str(path)).rd_kafka_test_fatal_error
    raise_fatal.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p)
    raise_fatal(_Handle.from_address(id(producer)).rk, KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER, b"made on purpose")
