"""The meaning of a seed: size of the world, its reliability, and its events."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from random import Random

from consumer.delivery.retry import RetryPolicy
from consumer.kafka.properties import GroupProtocol
from tests.simulation.cluster import Away, Temper
from tests.simulation.member import Setup
from tests.simulation.records import EVENTS, WELCOME
from tests.simulation.sink import Manners, Weather
from tests.simulation.sink import Temper as ContactTemper
from tests.support.required_settings import settings_of


class Deed(Enum):
    """An event for a worker or the group."""

    CRASH = "kill -9"
    STOP = "SIGTERM"
    FREEZE = "SIGSTOP for some seconds"
    JOIN = "a further worker"
    REBALANCE = "the coordinator shares out anew"
    FATAL = "librdkafka gives up"
    BROKEN = "a callback of the delivery loop raises"
    RECREATE = "the topic is deleted and created again, within one metadata refresh"
    JUMP = "a partition's offsets are reset behind the back of its owner"
    ELECTION = "each partition is led by another replica, which may lack the last records"


DEEDS = [deed for deed in Deed if deed not in (Deed.RECREATE, Deed.ELECTION)]
WEATHERS = [weather for weather in Weather if weather is not Weather.FINE]
TROUBLES = (ContactTemper.REJECTED, ContactTemper.FAILING, ContactTemper.SUSPICIOUS)
POSSIBLE_EVENTS = (*DEEDS, *DEEDS, *WEATHERS, Away.COORDINATOR, Away.BROKERS)


@dataclass(frozen=True, slots=True)
class Event:
    """At `at` seconds something happens, for `lasting` seconds where it lasts."""

    at: float
    what: Deed | Weather | Away
    lasting: float = 0.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything that is drawn before the clock runs. Times in seconds from the start."""

    setup: Setup
    partitions: int
    workers: int
    people: list[ContactTemper]
    share_phones: bool
    productions: list[float]
    session: float
    temper: Temper
    manners: Manners
    restlessness: float
    foreign_map: bool
    events: list[Event]
    calm_at: float

    @classmethod
    def of(cls, random: Random) -> Scenario:
        """Draw one."""
        quiet = random.random() < 0.2  # a world in which little goes wrong shows what goes wrong by itself
        calm_at = random.uniform(6, 18)
        until = calm_at * 0.8
        events = [_event(random, calm_at) for _ in range(random.randrange(0, 2 if quiet else 7))]
        temper = Temper(sluggishness=4) if quiet else _temper(random)
        share = random.random()
        if share < 0.1:
            events, temper = _recreation(random, calm_at), replace(temper, lookup_errors=0.0)
        elif share < 0.25:
            events += _elections(random, calm_at)
        records = random.randrange(40, 140)
        return cls(
            setup=_setup(random),
            partitions=random.randrange(2, 5),
            workers=random.choices((1, 2, 3), (3, 5, 2))[0],
            people=_people(random),
            share_phones=random.random() < 0.3,
            productions=sorted(random.choice((0.5, until * random.random())) for _ in range(records)),
            session=6.0,
            temper=temper,
            manners=Manners(random.choice((0.05, 0.3, 0.8)), random.choice((0, 3)), random.randrange(3, 20)),
            restlessness=random.choice((0.0, 0.1, 0.5)),
            foreign_map=random.random() < 0.1,
            events=sorted(events, key=lambda event: event.at),
            calm_at=calm_at,
        )


def _setup(random: Random) -> Setup:
    protocol = random.choice(list(GroupProtocol))
    settings = settings_of(
        KAFKA_TOPIC=EVENTS,
        KAFKA_GROUP_PROTOCOL=protocol,
        ENROLMENT_UNRECOGNISED_LIMIT=0,
        DELIVERY_CONCURRENCY=random.randrange(1, 6),
        CLICKSEND_TOTAL_TIMEOUT=2,
        WORKER_DRAIN_TIMEOUT=8,
        WORKER_MAX_BUFFERED_RECORDS=random.choice((8, 16, 2000)),
    )
    return Setup(
        settings,
        RetryPolicy(
            initial_delay=random.choice((0.1, 0.5)),
            max_delay=random.choice((1.0, 4.0)),
            max_age=random.choice((0, 0, 5)),
        ),
        requests_per_second=random.choice((0, 0, 30)),
        probe_interval=random.choice((1.0, 3.0)),
        mass_rejection_limit=random.choice((0, 5, 20)),
    )


def _temper(random: Random) -> Temper:
    return Temper(
        commit_errors=random.choice((0.0, 0.2, 0.5)),
        lookup_errors=random.choice((0.0, 0.0, 0.1)),
        letter_errors=random.choice((0.0, 0.3)),
        latency=random.choice((0.01, 0.1)),
        message_errors=random.choice((0.0, 0.0, 0.01)),
        report_delay=random.choice((0.0, 2.0)),
        sluggishness=random.choice((1, 4, 4, 6)),
    )


def _people(random: Random) -> list[ContactTemper]:
    troubled = random.choice((0.0, 0.15))
    tempers = [ContactTemper.FINE] * WELCOME
    for _ in range(random.randrange(1, 20)):
        tempers.append(random.choice(TROUBLES) if random.random() < troubled else ContactTemper.FINE)
    return tempers


def _event(random: Random, calm_at: float) -> Event:
    at = random.uniform(0.5, calm_at - 1)
    return Event(at, random.choice(POSSIBLE_EVENTS), min(random.choice((0.5, 2.0, 5.0, 8.0)), calm_at - at))


def _recreation(random: Random, calm_at: float) -> list[Event]:
    """While the group is steady. A worker that joins before the old commits are gone can't tell the topics apart."""
    at = random.uniform(max(9.0, calm_at / 2), max(10.0, calm_at))
    return [Event(at, Deed.RECREATE), Event(random.uniform(0.5, at), random.choice(WEATHERS), 2.0)]


def _elections(random: Random, calm_at: float) -> list[Event]:
    """While workers run, or between the end of one and the start of the next. The second often soon after the first."""
    events: list[Event] = []
    for _ in range(random.choice((1, 2))):
        soon = events and random.random() < 0.7
        at = min(calm_at, events[0].at + random.random() * 2) if soon else random.uniform(1.0, calm_at - 1)
        events.append(Event(at, Deed.ELECTION))
        if random.random() < 0.5:
            before, after = max(0.5, at - random.random()), min(calm_at, at + random.random() * 3)
            events += [Event(before, random.choice((Deed.STOP, Deed.CRASH))), Event(after, Deed.JOIN)]
    return events
