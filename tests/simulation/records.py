"""The produced records and their true state, for the oracles."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from random import Random
from typing import NamedTuple

import orjson

from tests.simulation.batches import Batches, event_of
from tests.simulation.cluster import Cluster, Key
from tests.simulation.sink import Temper

EVENTS = "events"
WELCOME = 4  # the first people of each world are welcome, and are spread over all partitions


class Kind(Enum):
    """The expected outcome of a record."""

    CONTACT = "delivered, or a dead letter where ClickSend refuses it"
    FILTERED = "nobody's business"
    BROKEN = "a dead letter at once"


@dataclass(slots=True)
class Produced:
    """One event: a record, or one of those that share a record.

    index -- in a record that holds several, from 0; below 0: it is the record
    """

    number: int
    kind: Kind
    partition: Key
    offset: int
    epoch: int  # of the leader that has taken it
    value: bytes | None
    contact: str
    identities: tuple[str, ...]
    index: int = -1
    answered: bool = False  # ClickSend's yes has come back to a worker
    dead_lettered: bool = False  # the broker has its dead letter, which lists it where its record holds several
    suspected: bool = False  # it was answered 403 or 404
    deleted: bool = False  # with its topic, or by an unclean election: what becomes of it is nobody's loss

    @property
    def is_batched(self) -> bool:
        """Return whether its record may hold others, too."""
        return self.index >= 0

    @property
    def done(self) -> bool:
        """Return whether, as far as it goes, its offset may be committed."""
        return self.answered or self.dead_lettered or self.deleted or self.kind is Kind.FILTERED


class _Event(NamedTuple):
    """An event that is going to be produced."""

    kind: Kind
    name: str
    traits: dict[str, str]


class Person:
    """A contact with repeated sign-ups by email, by phone number (perhaps a shared one) or both."""

    def __init__(self, number: int, phone: int, temper: Temper, random: Random) -> None:
        self.name = f"u{number}"
        self.temper = temper
        self.key = self.name.encode()
        self._email = f"{self.name}@example.com"
        self._phone = f"+1415555{phone:04}"
        self._random = random

    def traits(self) -> dict[str, str]:
        """Now with this, now with that."""
        which = self._random.randrange(5)
        email = {"email": self._email} if which != 0 else {}
        phone = {"phone": self._phone} if which in (0, 1) else {}
        return email | phone


class Records:
    """All that was produced, event by event."""

    def __init__(
        self, cluster: Cluster, partitions: int, people: list[Person], random: Random, batches: Batches
    ) -> None:
        self.all: list[Produced] = []
        self.people = people
        self.by_value: dict[bytes, list[Produced]] = {}
        self.in_partition: dict[Key, list[Produced]] = {(EVENTS, number): [] for number in range(partitions)}
        self._done_up_to = 0
        self._cluster = cluster
        self._random = random
        self._batches = batches
        self._lowest: dict[Key, int] = dict.fromkeys(self.in_partition, 0)  # how many from the start are done

    def produce(self) -> Key:
        """One more record; gives its partition."""
        kind = _kind(self._random)
        return self._append(self._random.choice(self.people), kind, self._batches.size())

    def produce_welcome(self) -> Key:
        """One more contact that ClickSend takes, now in this partition, now in that: a halted worker goes on only when
        it has delivered one.
        """
        welcome = [person for person in self.people if person.temper is Temper.FINE]
        return self._append(welcome[len(self.all) % WELCOME], Kind.CONTACT, 0)

    def _append(self, person: Person, kind: Kind, size: int) -> Key:
        """One more record, of an event or of `size` events, the first of them this person's."""
        random, number = self._random, len(self.all)
        key = self._partition(person)
        traits = person.traits() if kind is Kind.CONTACT else {}
        log = self._cluster.log(key)
        if random.random() < 0.05:
            log.skip(random.randrange(1, 4))
        events = [_Event(kind, person.name, traits)]
        if size:
            events += [self._another(key) for _ in range(size - 1)]
            value: bytes | None = self._batches.value(
                [event_of(each.kind, each.name, at, each.traits) for at, each in enumerate(events, number)]
            )
        else:
            value = _value(kind, person.name, number, traits, random)
        message = log.append(key, int(self._cluster.hub.now * 1000), person.key, value)
        at, epoch = message.offset(), message.leader_epoch()
        for index, each in enumerate(events):
            contact, identities = each.name, tuple(each.traits.values())
            produced = Produced(
                number + index, each.kind, key, at, epoch, value, contact, identities, index if size else -1
            )
            self.all.append(produced)
            self.in_partition[key].append(produced)
            if value is not None:
                self.by_value.setdefault(value, []).append(produced)
        return key

    def _another(self, key: Key) -> _Event:
        """One more event of a batch: mostly of a person of the same partition, whose order is promised."""
        random = self._batches.random
        near = [person for person in self.people if self._partition(person) == key]
        person = random.choice(near if near and random.random() < 0.9 else self.people)
        kind = _kind(random)
        return _Event(kind, person.name, person.traits() if kind is Kind.CONTACT else {})

    def _partition(self, person: Person) -> Key:
        return EVENTS, hash_of(person.name) % len(self.in_partition)

    def delete(self) -> None:
        """Their topic is gone."""
        for produced in self.all:
            produced.deleted = True
        for key in self.in_partition:
            self.in_partition[key] = []
            self._lowest[key] = 0

    def truncate(self, key: Key, end: int) -> None:
        """The partition's new leader has none from this offset on."""
        produced = self.in_partition[key]
        while produced and produced[-1].offset >= end:
            produced.pop().deleted = True
        self._lowest[key] = min(self._lowest[key], len(produced))

    def lowest_undone(self, key: Key) -> int:
        """The first offset of the partition that must not be passed."""
        produced = self.in_partition[key]
        at = self._lowest[key]
        while at < len(produced) and produced[at].done:
            at += 1
        self._lowest[key] = at
        return produced[at].offset if at < len(produced) else self._cluster.log(key).end

    def remaining(self) -> bool:
        """Return whether a record is unsettled. Fast, since it is called often."""
        while self._done_up_to < len(self.all) and self.all[self._done_up_to].done:
            self._done_up_to += 1
        return self._done_up_to < len(self.all)

    def undone(self) -> list[Produced]:
        """Return the unsettled records."""
        return [each for each in self.all if not each.done]


def hash_of(text: str) -> int:
    """The same in every process."""
    return sum(text.encode())


def _kind(random: Random) -> Kind:
    return random.choices((Kind.CONTACT, Kind.FILTERED, Kind.BROKEN), (80, 15, 5))[0]


def _value(kind: Kind, name: str, number: int, traits: dict[str, str], random: Random) -> bytes | None:
    if kind is Kind.CONTACT:
        return orjson.dumps(
            {"type": "identify", "userId": name, "traits": {**traits, "lastName": f"R{number}", "firstName": name}}
        )
    if kind is Kind.BROKEN:
        return b"{broken %d" % number
    if random.random() < 0.2:
        return None
    return orjson.dumps({"type": "page", "userId": name, "name": f"page {number}"})
