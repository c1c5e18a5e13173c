"""The records that the benchmarks put on their topics, and the contacts that become of them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import NamedTuple

import orjson

from consumer.enrolment.enroller import Enrolled, Enroller
from consumer.enrolment.rules import Rules
from tests.benchmarks.bench_enrolment import BROWSING, TRAITS

BROWSING_BYTES = 1100
PAGES = 997
ENROLMENT_SHARE = 100  # one record of so many is an enrolment


class Input(NamedTuple):
    """One record to be produced; the partition is chosen by number, so that all get the same."""

    lane: int
    key: str
    value: bytes


def sign_up(number: int, name: str = "u") -> Input:
    """A sign-up of one of many people, each with a phone number of their own: no cache can know them."""
    email = f"{name}{number}@example.com"
    traits = {**TRAITS, "email": email, "phone": f"+44 20 {number:08}"}
    return Input(number, email, orjson.dumps({**BROWSING, "event": "Signed Up", "traits": traits}))


def browsing(count: int) -> Iterator[Input]:
    """A topic as it is: browsing events, and one enrolment in a hundred."""
    pages = _pages()
    for number in range(count):
        group, place = divmod(number, ENROLMENT_SHARE)
        # In every partition alike: the place of the enrolment moves on from group to group.
        yield (
            sign_up(number)
            if place == group % ENROLMENT_SHARE
            else Input(number, f"v{number % PAGES}", pages[number % PAGES])
        )


def _pages() -> list[bytes]:
    """Different ones: alike, they would be compressed a hundredfold, and a fetch would hold a hundred times as many."""
    bare, samples = len(orjson.dumps({**BROWSING, "padding": ""})), random.Random(1)
    padding = (samples.randbytes(BROWSING_BYTES).hex()[: BROWSING_BYTES - bare] for _ in range(PAGES))
    return [orjson.dumps({**BROWSING, "padding": each}) for each in padding]


def contacts(count: int) -> list[dict[str, str]]:
    """What the worker sends for the first sign-ups."""
    decide = Enroller(Rules.of()).decide
    decisions = (decide(sign_up(number).value) for number in range(count))
    return [orjson.loads(each.contact.payload()) for each in decisions if isinstance(each, Enrolled)]
