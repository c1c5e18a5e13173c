"""An event, and the shapes in which producers write it."""

from __future__ import annotations

import gzip
from typing import Any

import orjson

from consumer.enrolment.decision import Enrolled, Undeliverable
from consumer.enrolment.enroller import Enroller
from consumer.enrolment.rules import Rules
from consumer.formats.decider import Decider
from consumer.formats.documents import Reading
from consumer.formats.framing import Headers, Schemas
from consumer.formats.value_format import ValueFormat

EVENT: dict[str, Any] = {"type": "identify", "traits": {"email": "jane@example.com"}}
JSON = orjson.dumps(EVENT)
GUID = bytes(range(16))
BY_NUMBER, BY_GUID = b"\0\0\0\0\7", b"\1" + GUID
AVRO = b"\x02\x10jane.doe"  # no JSON
ENVELOPE: dict[str, Any] = {"specversion": "1.0", "id": "1", "source": "/shop", "type": "com.example.signup"}
BINARY: Headers = [("ce_specversion", b"1.0"), ("ce_id", b"1"), ("ce_source", b"/shop"), ("ce_type", b"signup")]


def packed(value: bytes = JSON) -> bytes:
    return gzip.compress(value, mtime=0)


def structured(**more: Any) -> bytes:
    return orjson.dumps({**ENVELOPE, **more})


def read(
    value: bytes | None,
    value_format: ValueFormat = ValueFormat.AUTO,
    headers: Headers | None = (),
    schemas: Schemas | None = None,
    **rules: Any,
) -> Reading:
    found = Decider(Enroller(Rules.of(**rules)), value_format, schemas).read(value, lambda: headers)
    assert isinstance(found, Reading)
    return found


def enrolled(reading: Reading) -> bool:
    """Whether the sample event came out of it."""
    return isinstance(reading.decision, Enrolled) and reading.decision.identities == ("jane@example.com",)


def fault(reading: Reading) -> Undeliverable:
    assert isinstance(reading.decision, Undeliverable)
    assert not reading.decision.is_event, "it meets the input guard"
    return reading.decision
