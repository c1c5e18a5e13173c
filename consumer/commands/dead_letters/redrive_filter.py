"""The results of a redrive, and the filter before it."""

from __future__ import annotations

from collections.abc import Container, Mapping
from enum import StrEnum
from typing import NamedTuple

from consumer.commands.dead_letters.filters import Filters
from consumer.commands.dead_letters.reading import source_record
from consumer.commands.kafka.cluster import Cluster
from consumer.commands.kafka.staleness import Newest
from consumer.commands.readings import events_of, found_in
from consumer.dead_letters.format import StoredDeadLetter
from consumer.enrolment.enroller import Decision, Enrolled
from consumer.formats.decider import Decider
from consumer.formats.documents import Reading
from consumer.scheduling.task import WHOLE_RECORD, Record


class RedriveResult(StrEnum):
    """Result of one dead letter in a redrive or a dry run."""

    NOT_SELECTED = "not_selected"  # excluded by the filters
    TO_REDRIVE = "to_redrive"  # dry run only
    REDRIVEN = "redriven"  # written to its source topic and acknowledged
    DELIVERED = "delivered"  # accepted by ClickSend
    DEAD_LETTERED_AGAIN = "dead_lettered_again"  # rejected again; the new dead letter has a higher count
    STALE = "stale"  # its contact has a newer record in the source topic
    TOO_OFTEN = "redriven_too_often"  # the loop guard
    OTHER_GROUP = "of_another_group"  # another worker group shares the dead-letter topic
    FOREIGN = "foreign"  # without coordinates, or from a topic that this worker does not consume
    NOTHING_TO_SEND = "nothing_to_send"  # the current settings filter the record
    GONE = "value_gone"  # a pointer whose source record is deleted
    REFUSED = "refused"  # rejected by the source topic


MISSED = frozenset({RedriveResult.GONE, RedriveResult.REFUSED})  # selected, but could not be redriven
SENT = frozenset(
    {RedriveResult.REDRIVEN, RedriveResult.DELIVERED, RedriveResult.DEAD_LETTERED_AGAIN, RedriveResult.REFUSED}
)  # a record was sent


class Redrivable(NamedTuple):
    """A record to redrive.

    decisions -- today's, on its events by index; `WHOLE_RECORD` where the record is one event
    size      -- number of events in the record, including those that are not redriven
    """

    record: Record
    decisions: Mapping[int, Decision]
    size: int = 1

    @property
    def events(self) -> tuple[int, ...]:
        """Return the indexes of the events to redrive, of a record with several; empty: it is one event."""
        return () if WHOLE_RECORD in self.decisions else tuple(self.decisions)

    @property
    def has_contact(self) -> bool:
        """Return whether something is to be delivered."""
        return any(isinstance(decision, Enrolled) for decision in self.decisions.values())


class RedriveFilter:
    """Decides which dead letters may be redriven.

    topics       -- topics of the worker
    group        -- group of the dead letters to redrive; None: any
    max_redrives -- dead letters redriven this often or more are skipped

    `newest` holds the newest records of the source topics; None: stale dead letters are redriven.
    """

    def __init__(
        self,
        cluster: Cluster,
        decider: Decider,
        topics: Container[str],
        group: str | None,
        filters: Filters,
        max_redrives: int,
    ) -> None:
        self._cluster = cluster
        self._decider = decider
        self._topics = topics
        self._group = group
        self._filters = filters
        self._max_redrives = max_redrives
        self.newest: Newest | None = None

    def selects(self, dead_letter: StoredDeadLetter) -> bool:
        """Return whether the operator's filters match."""
        return self._filters.match(dead_letter)

    def owns(self, dead_letter: StoredDeadLetter) -> bool:
        """Return whether the dead letter belongs to the group."""
        return self._group is None or dead_letter.is_of(self._group)

    def sort(self, dead_letter: StoredDeadLetter) -> RedriveResult | Redrivable:
        """Return why the dead letter is skipped, or its record with its failed events, except stale ones."""
        if not self.owns(dead_letter):
            return RedriveResult.OTHER_GROUP
        if dead_letter.source is None or dead_letter.source.partition.topic not in self._topics:
            return RedriveResult.FOREIGN
        if dead_letter.redrives >= self._max_redrives:
            return RedriveResult.TOO_OFTEN
        record = source_record(self._cluster, dead_letter, dead_letter.source)
        if record is None:
            return RedriveResult.GONE
        found = found_in(self._decider, record.value, lambda: record.headers)
        size = 1 if isinstance(found, Reading) else len(found.values)
        decisions = {
            index: reading.decision
            for index, reading in events_of(found, dead_letter.failed_events)
            if not self._is_stale(dead_letter, record, index, reading.decision)
        }
        return Redrivable(record, decisions, size) if decisions else RedriveResult.STALE

    def _is_stale(self, dead_letter: StoredDeadLetter, record: Record, index: int, decision: Decision) -> bool:
        if self.newest is None or not isinstance(decision, Enrolled):
            return False
        identities = decision.identities
        if dead_letter.redrives:  # the offset is a copy's and not a measure of age
            return self.newest.outdates(identities, record.timestamp_ms)
        return self.newest.is_stale(identities, record.partition, record.offset, record.timestamp_ms, index)
