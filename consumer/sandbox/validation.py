"""Validate a contact as ClickSend does. Pure."""

from __future__ import annotations

import re

from consumer.sandbox import answers
from consumer.sandbox.answers import SandboxResponse
from consumer.sandbox.store import FIELDS

E164 = re.compile(r"\+[1-9][0-9]{1,14}")
"""ITU-T E.164: a plus sign and at most fifteen digits, the first of them not zero."""

KNOWN = frozenset(FIELDS)


def checked_fields(payload: object) -> dict[str, str] | SandboxResponse:
    """Return the non-empty fields that ClickSend knows, or the refusal of an invalid contact."""
    if not isinstance(payload, dict):
        return answers.NOT_AN_OBJECT
    fields = {name: value for name, value in payload.items() if name in KNOWN and value != ""}
    for value in fields.values():
        if not isinstance(value, str):
            return answers.NOT_A_STRING
    if "email" not in fields and "phone_number" not in fields and "fax_number" not in fields:
        return answers.NO_IDENTITY
    phone = fields.get("phone_number")
    if phone is not None and not E164.fullmatch(phone):
        return answers.BAD_PHONE
    return fields
