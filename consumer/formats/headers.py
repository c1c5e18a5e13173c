"""The record headers that say how a value is to be read."""

from __future__ import annotations

from collections.abc import Sequence

Headers = Sequence[tuple[str, bytes | None]]

SCHEMA_ID = "__value_schema_id"
_CLOUDEVENT_PREFIX = "ce_"
_CONTENT_TYPE = "content-type"
_STRUCTURED = b"application/cloudevents"


def schema_id_header(headers: Headers) -> bytes | None:
    """Return the header that names the value's schema; None where there is none. The first one counts."""
    return next((value for name, value in headers if name == SCHEMA_ID and value is not None), None)


def is_binary_cloudevent(headers: Headers) -> bool:
    """Return whether the headers are a CloudEvent's attributes, so that the value is its data."""
    return any(name.lower().startswith(_CLOUDEVENT_PREFIX) for name, _value in headers)


def declares_structured_cloudevent(headers: Headers) -> bool:
    """Return whether the content type says that the value is a CloudEvent with its envelope."""
    return any(
        name.lower() == _CONTENT_TYPE and (value or b"").lower().startswith(_STRUCTURED) for name, value in headers
    )
