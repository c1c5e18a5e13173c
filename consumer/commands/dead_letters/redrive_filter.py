"""What becomes of a dead letter in a redrive."""

from __future__ import annotations

from collections.abc import Container
from enum import StrEnum

from consumer.commands.dead_letters.filters import Filters
from consumer.commands.dead_letters.source_values import original
from consumer.commands.dead_letters.stored import StoredDeadLetter
from consumer.commands.kafka.cluster import Cluster
from consumer.commands.kafka.staleness import Newest
from consumer.enrolment.enroller import Decision, Enrolled, Enroller
from consumer.scheduling.task import Record


class RedriveResult(StrEnum):
    """How a redrive ended for one letter, or would end."""

    NOT_MEANT = "not_meant"  # the filters leave it out
    TO_REDRIVE = "to_redrive"  # of a dry run
    REDRIVEN = "redriven"  # on its source topic again, acknowledged
    DELIVERED = "delivered"  # ClickSend has it
    DEAD_LETTERED_AGAIN = "buried_again"  # ClickSend refused it again: there is a new letter with a higher count
    STALE = "stale"  # its contact has a newer record in the source topic
    TOO_OFTEN = "redriven_too_often"  # the loop guard
    OTHER_GROUP = "of_another_group"  # another worker group shares the dead-letter topic
    FOREIGN = "no_letter_of_ours"  # without coordinates, or from a topic that this worker does not consume
    NOTHING_TO_SEND = "nothing_to_send"  # today's settings filter it, or still can't make a contact of it
    GONE = "value_gone"  # the letter only points to its value, and the source topic has it no more
    REFUSED = "refused"  # the source topic does not take it


MISSED = frozenset({RedriveResult.GONE, RedriveResult.REFUSED})  # meant to be redriven, and could not be
SENT = frozenset(
    {RedriveResult.REDRIVEN, RedriveResult.DELIVERED, RedriveResult.DEAD_LETTERED_AGAIN, RedriveResult.REFUSED}
)  # something has left this program


class RedriveFilter:
    """Decides which letters may be redriven.

    topics       -- those that the worker consumes
    group        -- whose letters are redriven; None: everybody's
    max_redrives -- a letter that was redriven so often is left alone

    `newest` is of the source topics; while it is None, stale letters are redriven, too.
    """

    def __init__(
        self,
        cluster: Cluster,
        enroller: Enroller,
        topics: Container[str],
        group: str | None,
        filters: Filters,
        max_redrives: int,
    ) -> None:
        self._cluster = cluster
        self._enroller = enroller
        self._topics = topics
        self._group = group
        self._filters = filters
        self._max_redrives = max_redrives
        self.newest: Newest | None = None

    def means(self, dead_letter: StoredDeadLetter) -> bool:
        """Whether the operator has asked for this letter."""
        return self._filters.match(dead_letter)

    def owns(self, dead_letter: StoredDeadLetter) -> bool:
        """Whether the letter is ours to redrive."""
        return self._group is None or dead_letter.is_of(self._group)

    def sort(self, dead_letter: StoredDeadLetter) -> RedriveResult | tuple[Record, Decision]:
        """Why the letter is left alone, or its record with what becomes of it."""
        if not self.owns(dead_letter):
            return RedriveResult.OTHER_GROUP
        if dead_letter.source is None or dead_letter.source.partition.topic not in self._topics:
            return RedriveResult.FOREIGN
        if dead_letter.redrives >= self._max_redrives:
            return RedriveResult.TOO_OFTEN
        record = original(self._cluster, dead_letter, dead_letter.source)
        if record is None:
            return RedriveResult.GONE
        decision = self._enroller.decide(record.value)
        return RedriveResult.STALE if self._is_stale(dead_letter, record, decision) else (record, decision)

    def _is_stale(self, dead_letter: StoredDeadLetter, record: Record, decision: Decision) -> bool:
        if self.newest is None or not isinstance(decision, Enrolled):
            return False
        identities = decision.identities
        if dead_letter.redrives:  # its place is that of a copy, which says nothing of its age
            return self.newest.outdates(identities, record.timestamp_ms)
        return self.newest.is_stale(identities, record.partition, record.offset, record.timestamp_ms)
