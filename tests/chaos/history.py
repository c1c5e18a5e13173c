"""A seeded history of events: contacts, alone and in households that share a phone, and their actions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import orjson

HOUSEHOLDS = 40

# The contacts that a sink's fault picks out: ClickSend refuses the one for ever, and never has an answer for the other.
REFUSED = "refused@example.com"
UNLUCKY = "unlucky@example.com"


@dataclass(frozen=True, slots=True)
class Line:
    """One record to produce. household -- those of one household go to one partition, so their order is kept."""

    serial: int
    household: int
    value: bytes | None


def history(seed: int) -> Iterator[Line]:
    """Records without end, the same for the same seed. No two contacts in it have the same payload."""
    random = Random(seed)
    serial = 0
    while True:
        household = random.randrange(HOUSEHOLDS)
        yield Line(serial, household, _value(random, serial, household))
        serial += 1


def _value(random: Random, serial: int, household: int) -> bytes | None:
    kind = random.choices(("browse", "enrol", "unmappable", "undecodable", "tombstone"), (50, 46, 1, 2, 1))[0]
    match kind:
        case "browse":
            return orjson.dumps({"type": "page", "name": f"Page {serial}"})
        case "enrol":
            return orjson.dumps(_enrolment(random, serial, household))
        case "unmappable":
            return orjson.dumps({"type": "identify", "traits": {"phone": "call me", "last_name": version(serial)}})
        case "undecodable":
            return b"{broken %d" % serial
        case _:
            return None


def _enrolment(random: Random, serial: int, household: int) -> dict[str, Any]:
    """A sign-up or an Identify by email, by phone, or by both: then it stands in two lanes."""
    person = random.choice("ab")
    email = {0: REFUSED, 1: UNLUCKY}.get(household, f"{person}{household}@example.com")
    phone = f"+1415555{household:04}"
    identity = random.choice(({"email": email}, {"phone": phone}, {"email": email, "phone": phone}))
    if household in (0, 1):
        identity = {"email": email}
    head = random.choice(({"type": "identify"}, {"type": "track", "event": "Signed Up"}))
    return {**head, "traits": {**identity, "last_name": version(serial)}}


def version(serial: int) -> str:
    """Return a text that makes a record's payload unique."""
    return f"v{serial:07}"


def serial_of(contact: dict[str, str]) -> int:
    """The record that a contact came from."""
    return int(contact["last_name"].removeprefix("v"))
