"""Compute the workers, partitions and memory that a load needs, and the time to catch up after an outage.

A worker delivers `concurrency / latency` contacts a second and reads as many events as one core can. All workers share
ClickSend's limit. Their number covers the peak with headroom, but never exceeds what that limit can use. Capacity above
the mean load catches up after an outage:

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
WORKER_MB = 120  # tests hold a worker below it, also with a full topic and ClickSend down
# CPU of one worker, in seconds, as `make bench` measured it: browsing 3, 0 ms and 100 ms sink 100 to 135 microseconds.
# The values are 1.5 times that, for slower machines.
CPU_EVENT = 4.5e-6
CPU_CONTACT = 200e-6


@dataclass(frozen=True, slots=True)
class Load:
    """The load to size for.

    events_per_day -- of all kinds
    enrolments     -- share of them that become contacts
    peak           -- the busiest hour's events, as a multiple of the mean
    outage         -- hours for which ClickSend may be unavailable
    """

    events_per_day: float
    enrolments: float
    peak: float = 3.0
    outage: float = 4.0


@dataclass(frozen=True, slots=True)
class Means:
    """The means of delivery.

    latency     -- seconds from request to response
    limit       -- requests a second that ClickSend accepts for the account; infinite: unknown
    concurrency -- requests in flight of one worker: DELIVERY_CONCURRENCY
    """

    latency: float = 0.3
    limit: float = math.inf
    concurrency: int = 16

    @property
    def of_a_worker(self) -> float:
        """Return the contacts a second that one worker's requests in flight deliver."""
        return self.concurrency / self.latency


class Bound(StrEnum):
    """The bottleneck."""

    CLICKSEND = "ClickSend's limit"
    REQUESTS = "requests in flight"
    CPU = "cores"


@dataclass(frozen=True, slots=True)
class SizingPlan:
    """The result of sizing.

    contacts -- a second, mean; at_peak -- a second, in the busiest hour
    capacity -- the most contacts a second that the workers deliver
    catch_up -- hours after the outage until the backlog is delivered; infinite: never
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
    """Return the workers for a load. `catch_up` is infinite where ClickSend's limit is below the mean."""
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
    """Return the plan as text, and whether any number of workers can carry the load."""
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
    """Round to the precision of an estimate: two digits."""
    return float(f"{number:.2g}")
