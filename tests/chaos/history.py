"""A seeded history of events: contacts, alone and in households that share a phone, and their actions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import orjson

HOUSEHOLDS = 40
NEIGHBOURS = 6  # households that far apart share a partition, until the topic grows
BATCHED = 0.05  # of the records hold several events
MOST_IN_BATCH = 6

UNLUCKY_HOUSEHOLD = 1
# The contacts that a sink's fault picks out: ClickSend refuses the one for ever, and never has an answer for the other.
REFUSED = "refused@example.com"
UNLUCKY = "unlucky@example.com"


@dataclass(frozen=True, slots=True)
class Line:
    """One record to produce.

    serial    -- of its event; of its first one where it holds several
    household -- records of one household go to one partition, so their order is kept
    events    -- where it holds several
    """

    serial: int
    household: int
    value: bytes | None
    events: tuple[bytes, ...] = ()


def history(seed: int) -> Iterator[Line]:
    """Records without end, the same for the same seed. No two contacts in it have the same payload.

    The unlucky contact is in no batch: later records of the other contacts would wait as long as it does.
    """
    random = Random(seed)
    serial = 0
    while True:
        household = random.randrange(HOUSEHOLDS)
        if household != UNLUCKY_HOUSEHOLD and random.random() < BATCHED:
            line = _batch(random, serial, household)
        else:
            line = Line(serial, household, _value(random, serial, household))
        yield line
        serial += len(line.events) or 1


def _batch(random: Random, serial: int, household: int) -> Line:
    """Return a record with events of this household and its neighbours: an array, an object, or JSON lines."""
    near = [each for each in range(household % NEIGHBOURS, HOUSEHOLDS, NEIGHBOURS) if each != UNLUCKY_HOUSEHOLD]
    events = []
    for number in range(serial, serial + random.randint(1, MOST_IN_BATCH)):
        whose = household if random.random() < 0.5 else random.choice(near)
        kind = random.choices(("browse", "enrol", "unmappable"), (20, 75, 5))[0]
        events.append(_value_of(kind, random, number, whose) or b"")
    form = random.randrange(3)
    array = b"[" + b",".join(events) + b"]"
    if form == 0 and len(events) > 1:
        events[1] = b"{broken %d" % (serial + 1)
        value = b"\n".join(events)
    else:
        value = array if form == 1 else b'{"batch":' + array + b"}"
    return Line(serial, household, value, tuple(events))


def _value(random: Random, serial: int, household: int) -> bytes | None:
    kind = random.choices(("browse", "enrol", "unmappable", "undecodable", "tombstone"), (50, 46, 1, 2, 1))[0]
    return _value_of(kind, random, serial, household)


def _value_of(kind: str, random: Random, serial: int, household: int) -> bytes | None:
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
    email = {0: REFUSED, UNLUCKY_HOUSEHOLD: UNLUCKY}.get(household, f"{person}{household}@example.com")
    phone = f"+1415555{household:04}"
    identity = random.choice(({"email": email}, {"phone": phone}, {"email": email, "phone": phone}))
    if household in (0, UNLUCKY_HOUSEHOLD):
        identity = {"email": email}
    head = random.choice(({"type": "identify"}, {"type": "track", "event": "Signed Up"}))
    return {**head, "traits": {**identity, "last_name": version(serial)}}


def version(serial: int) -> str:
    """Return a text that makes a record's payload unique."""
    return f"v{serial:07}"


def serial_of(contact: dict[str, str]) -> int:
    """The record that a contact came from."""
    return int(contact["last_name"].removeprefix("v"))
