"""How many workers, partitions and how much memory a load needs, and how long an outage takes to catch up with.

In the long run a worker delivers `concurrency / latency` contacts a second, all of them together no more than ClickSend
takes, and each reads no more events than one core can. Workers are counted for the peak, with some room, though never
more than ClickSend's limit feeds; an outage is caught up with by what is left beside the ordinary load:

    needed     = min(contacts at the peak, ClickSend's limit)
    requesting = min(contacts at the peak / ROOM, ClickSend's limit) * latency / concurrency
    computing  = (events at the peak * CPU an event + needed * CPU a contact) / ROOM
    workers    = max(requesting, computing), rounded up
    catching up = outage * mean contacts / (capacity - mean contacts)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from consumer.commands.output import Format, Row, rendered
from consumer.exit_status import ExitStatus

DAY = 86_400.0
ROOM = 0.8  # share of a worker that the peak may use
WORKER_MB = 120  # what a worker is tested to stay below, also with a full topic and ClickSend down
# CPU of one worker, in seconds, as `make bench` measured it: browsing 3, 0 ms and 100 ms sink 100 to 135 microseconds.
# Half as much again, for machines that are slower.
CPU_EVENT = 4.5e-6
CPU_CONTACT = 200e-6


@dataclass(frozen=True, slots=True)
class Load:
    """What comes.

    events_per_day -- of all kinds
    enrolments     -- share of them that become contacts
    peak           -- the busiest hour's events, as a multiple of the mean
    outage         -- hours for which ClickSend may be away
    """

    events_per_day: float
    enrolments: float
    peak: float = 3.0
    outage: float = 4.0


@dataclass(frozen=True, slots=True)
class Means:
    """What there is to deliver it with.

    latency     -- seconds from request to answer
    limit       -- requests a second that ClickSend takes of the account; infinite: not known
    concurrency -- requests in flight of one worker: DELIVERY_CONCURRENCY
    """

    latency: float = 0.3
    limit: float = math.inf
    concurrency: int = 16

    @property
    def of_a_worker(self) -> float:
        """Contacts a second that one worker delivers by its requests in flight."""
        return self.concurrency / self.latency


class Bound(StrEnum):
    """What would have to grow first for more contacts."""

    CLICKSEND = "ClickSend's limit"
    REQUESTS = "requests in flight"
    CPU = "cores"


@dataclass(frozen=True, slots=True)
class SizingPlan:
    """What to run.

    contacts -- a second, in the mean; at_peak -- in the busiest hour
    capacity -- contacts a second that the workers deliver at most
    catch_up -- hours after the outage until all is delivered; infinite: never
    """

    contacts: float
    at_peak: float
    workers: int
    partitions: int
    memory_mb: int
    capacity: float
    bound: Bound
    catch_up: float


def plan(load: Load, means: Means) -> SizingPlan:
    """Return the workers for a load. With a limit below the mean no number of them is enough.

    `catch_up` is infinite.
    """
    events = load.events_per_day / DAY
    contacts = events * load.enrolments
    at_peak = contacts * load.peak
    needed = min(at_peak, means.limit)
    requesting = min(at_peak / ROOM, means.limit) / means.of_a_worker
    computing = (events * load.peak * CPU_EVENT + needed * CPU_CONTACT) / ROOM
    workers = max(1, math.ceil(max(requesting, computing)))
    cores = (workers - events * CPU_EVENT) / CPU_CONTACT  # contacts a second, beside reading the mean load
    ways = {Bound.CLICKSEND: means.limit, Bound.REQUESTS: workers * means.of_a_worker, Bound.CPU: cores}
    bound = min(ways, key=lambda each: ways[each])
    capacity = ways[bound]
    left = capacity - contacts
    catch_up = load.outage * contacts / left if left > 0 else math.inf
    return SizingPlan(contacts, at_peak, workers, 2 * workers, workers * WORKER_MB, capacity, bound, catch_up)


def show(load: Load, means: Means, form: Format) -> tuple[str, ExitStatus]:
    """Return the plan as text. The status says whether it can ever be done."""
    found = plan(load, means)
    row: Row = {
        "contacts_per_second": _short(found.contacts),
        "at_peak": _short(found.at_peak),
        "workers": found.workers,
        "partitions": found.partitions,
        "memory_mb": found.memory_mb,
        "capacity_per_second": _short(found.capacity),
        "bound_by": found.bound,
        "catch_up_hours": _short(found.catch_up) if found.catch_up < math.inf else None,
    }
    return rendered([row], form), ExitStatus.DONE if found.catch_up < math.inf else ExitStatus.FAILED


def _short(number: float) -> float:
    """Two digits are more than such a figure is worth."""
    return float(f"{number:.2g}")
