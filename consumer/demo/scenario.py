"""The demo's scenario: quiet chapters, an outage, a rush of sign-ups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random

from consumer.demo.events import Emission, Events, flat_traits, name_only_traits, nested_traits
from consumer.demo.visitors import People
from consumer.sandbox.faults import Rule, Script

SEED = 20260115
REJECTED = "rejected@example.org"
RATE_LIMIT_SECONDS = 2.5
QUIET_RECORDS = 60


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of the scenario. It starts when all earlier records are settled.

    title   -- shown at its start
    faults  -- the sandbox's fault script from its start
    records -- the records to produce
    pace    -- rate of the records, as a multiple of the usual one
    """

    title: str
    faults: Script
    records: Iterable[Emission]
    pace: int = 1


class Scenario:
    """Generates the same chapters for the same seed; visitors and ids are new in every round.

    outage -- length of ClickSend's outage in the second chapter, in seconds
    """

    def __init__(self, outage: float, seed: int = SEED) -> None:
        random = Random(seed)  # noqa: S311  (reproducible, not secret)
        self._outage = outage
        self._events = Events(random)
        self._people = People(random)
        self._random = random

    def once(self) -> Iterator[Chapter]:
        """Yield the chapters of one round."""
        yield Chapter("Visitors browse and sign up", self._faults(), self._opening())
        title = f"ClickSend is down for {self._outage:g} s: every response is 503"
        down = Rule(name="outage", until=self._outage, status=503)
        yield Chapter(title, self._faults(down), self._mixed(25))
        title = "A newsletter brings 24 sign-ups in a rush; ClickSend responds 429, Retry-After 1 s"
        limit = Rule(name="rate limit", until=RATE_LIMIT_SECONDS, every=2, status=429, retry_after=1)
        yield Chapter(title, self._faults(limit), tuple(self._sign_up() for _ in range(24)), pace=4)

    def endless(self) -> Iterator[Chapter]:
        """Yield rounds without end, with a quiet chapter after each."""
        while True:
            yield from self.once()
            yield Chapter("A quiet hour", self._faults(), self._mixed(QUIET_RECORDS))

    def _faults(self, *rules: Rule) -> Script:
        rejects = Rule(name="rejected", contact=(REJECTED,), status=400, message="The contact is not accepted.")
        return Script((rejects, *rules))

    def _mixed(self, number: int) -> tuple[Emission, ...]:
        """Return ordinary records: three in five are browsing."""
        return tuple(self._browse() if position % 5 % 2 == 0 else self._sign_up() for position in range(number))

    def _browse(self) -> Emission:
        return self._events.browsing(self._events.visitor())

    def _sign_up(self) -> Emission:
        events, person = self._events, self._people.next()
        marketing = self._random.choice((True, True, False, None))
        match self._random.randrange(4):
            case 0 | 1:
                return events.signed_up(events.visitor(), flat_traits(person), marketing)
            case 2:
                return events.identify(events.visitor(), nested_traits(person), marketing)
            case _:
                return events.identify(events.visitor(), name_only_traits(person), marketing)

    def _opening(self) -> tuple[Emission, ...]:
        """Return one record of each kind, with browsing between them."""
        emissions: list[Emission] = []
        for emission in (self._events.example(), *self._good(), *self._bad()):
            emissions += [emission, self._browse()]
        return tuple(emissions)

    def _good(self) -> Iterator[Emission]:
        """Yield sign-ups and identifies that are delivered."""
        events, people = self._events, self._people
        for note in ("a phone number in national form", "the same in another country"):
            yield events.signed_up(events.visitor(), flat_traits(people.next()), marketing=True, note=note)
        note = "camelCase, the address as an object"
        yield events.identify(events.visitor(), nested_traits(people.next()), marketing=False, note=note)
        note = "`name` only: split in two"
        yield events.identify(events.visitor(), name_only_traits(people.next()), note=note)
        person, visitor = people.next(), events.visitor()
        yield events.signed_up(visitor, flat_traits(person), marketing=True, note="opts in ...")
        note = "... and opts out a moment later"
        yield events.identify(visitor, {"email": person.email, "marketing_opt_in": False}, note=note)

    def _bad(self) -> Iterator[Emission]:
        """Yield records that are not delivered, or only in part."""
        events, people = self._events, self._people
        traits = {**flat_traits(people.next()), "phone": "call me maybe"}
        yield events.signed_up(events.visitor(), traits, marketing=True, note="a bad phone, a good email")
        yield events.identify(events.visitor(), {"plan": "free"}, note="no email, no phone number")
        yield events.broken(events.visitor())
        yield events.signed_up(events.visitor(), {"phone": "12"}, note="no such phone number, and no email")
        traits = {"email": REJECTED, "name": "Sample Person"}
        yield events.signed_up(events.visitor(), traits, marketing=True)
