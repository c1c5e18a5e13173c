"""The worker's own state, for /livez, /readyz and the log."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from consumer.scheduling.task import Partition

STANDBY_SECONDS = 10.0  # in the group for this long without a partition: more workers than partitions


class HealthState(StrEnum):
    """Why a worker is ready or not; the first that holds wins."""

    DRAINING = "draining"
    KAFKA_REFUSES = "kafka_refuses"
    KAFKA_UNREACHABLE = "kafka_unreachable"
    TOPIC_MISSING = "topic_missing"
    STARTING = "starting"
    LOST = "lost"
    HALTED = "halted"
    REGISTRY_UNREACHABLE = "registry_unreachable"
    UNRECOGNISED_RECORDS = "unrecognised_records"
    STANDBY = "standby"
    READY = "ready"


class Readiness(Struct, frozen=True):
    """The response of /readyz. `detail` tells operators what is wrong and how to fix it."""

    condition: HealthState
    detail: str

    @property
    def ready(self) -> bool:
        """Return whether the worker is working or on standby."""
        return self.condition in (HealthState.READY, HealthState.STANDBY)


class Health:
    """Plain fields, each written by one thread (the poll thread, but for the first two) and read by any."""

    def __init__(self, now: float) -> None:
        self.stopping = False
        self.dead_letter_hint = ""  # why dead letters can't be written; any thread, the last write wins
        self.last_poll_at = now  # monotonic seconds
        self.refusal = ""  # why Kafka refuses access; empty: it does not, or there was no request yet
        self.reachable = False  # a broker answers
        self.further_checks = ""  # what else to check while none does
        self.missing_topics: frozenset[str] = frozenset()  # source topics that were deleted
        self.coordinator = False  # the group's coordinator answers
        self.assigned = 0
        self.was_assigned = False  # since the last loss: a rebalance keeps readiness
        self.joined_at: float | None = None  # monotonic seconds at which this member became steady
        self.lost = False
        self.registry_fault = ""  # why the Schema Registry can't be used, and the fix; empty: it can, or wasn't asked
        self.schema_waits: frozenset[Partition] = frozenset()  # partitions whose records wait for a schema
        self.unread = False  # some consumed records are not read yet: those, and ones that wait for the next turn
        self.held: Mapping[Partition, str] = {}  # partitions whose records are not events, with a hint

    def polled(self, now: float) -> None:
        """Note a turn of the poll loop."""
        self.last_poll_at = now

    def poll_age(self, now: float) -> float:
        """Return the seconds since the last turn of the poll loop."""
        return now - self.last_poll_at

    def held_partitions(self) -> str:
        """Return the held partitions and the reason; empty if there are none."""
        held = dict(sorted(self.held.items()))
        if not held:
            return ""
        names = ", ".join(map(str, held))
        hint = "; ".join(dict.fromkeys(held.values()))
        return f"{HealthState.UNRECOGNISED_RECORDS}: {names} held, as the records are not what is expected ({hint})"

    @property
    def unreached_hint(self) -> str:
        """Return what to check while no broker answers."""
        return f"check KAFKA_BOOTSTRAP_SERVERS, the network and KAFKA_SECURITY_PROTOCOL{self.further_checks}"

    def readiness(self, now: float, halted: str) -> Readiness:
        """Return the readiness. `halted`: why delivery is halted and how to fix it; empty: it is not halted."""
        if self.stopping:
            return Readiness(HealthState.DRAINING, "shutting down: finishing requests in flight, starting no others")
        if self.refusal:
            return Readiness(HealthState.KAFKA_REFUSES, self.refusal)
        if not self.reachable:
            return Readiness(HealthState.KAFKA_UNREACHABLE, f"no broker answers; {self.unreached_hint}")
        if self.missing_topics:
            names = ", ".join(sorted(self.missing_topics))
            return Readiness(HealthState.TOPIC_MISSING, f"topic deleted: {names}; create it again to resume")
        stands_by = self.joined_at is not None and now - self.joined_at >= STANDBY_SECONDS
        if self.lost and not stands_by:  # with KIP-848 no callback reports that a member without partitions rejoined
            return Readiness(HealthState.LOST, "the partitions were lost; joining the group again")
        if halted:
            return Readiness(HealthState.HALTED, halted)
        if self.registry_fault and self.schema_waits:
            names = ", ".join(map(str, sorted(self.schema_waits)))
            return Readiness(HealthState.REGISTRY_UNREACHABLE, f"{names} wait for a schema: {self.registry_fault}")
        if self.assigned and len(self.held) >= self.assigned:
            return Readiness(HealthState.UNRECOGNISED_RECORDS, self.held_partitions())
        if self.assigned or self.was_assigned:
            return Readiness(HealthState.READY, f"{self.assigned} partitions")
        if stands_by:
            return Readiness(HealthState.STANDBY, "in the group, without a partition: more workers than partitions")
        return Readiness(HealthState.STARTING, "joining the group")
