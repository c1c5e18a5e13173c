"""The records of the benchmarks' topics, and the resulting contacts."""

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
    """Different ones: alike, they would be compressed a hundredfold, and a fetch would hold a hundred times as many.
    Of many small values, as a shop's are: one long text would cost nothing to parse.
    """
    samples = random.Random(1)
    return [_page(samples) for _ in range(PAGES)]


def _page(samples: random.Random) -> bytes:
    products: list[dict[str, object]] = []
    event = {**BROWSING, "properties": {**BROWSING["properties"], "products": products}}
    while len(page := orjson.dumps(event)) < BROWSING_BYTES - 30:
        sku, price = samples.randbytes(4).hex(), samples.randrange(100, 20_000) / 100
        products.append({"sku": sku, "price": price, "quantity": samples.randrange(1, 5)})
    return page


def contacts(count: int) -> list[dict[str, str]]:
    """Return the worker's payloads for the first sign-ups."""
    decide = Enroller(Rules.of()).decide
    decisions = (decide(sign_up(number).value) for number in range(count))
    return [orjson.loads(each.payload) for each in decisions if isinstance(each, Enrolled)]
