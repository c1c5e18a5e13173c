"""Commits frontiers: asynchronously, one request at a time, never backwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from consumer.log import cause_of
from consumer.scheduling.counts import CommitResult
from consumer.scheduling.offset_map import EPOCH_UNKNOWN, LIMIT
from consumer.scheduling.offset_tracker import OFFSET_UNKNOWN, Ledger
from consumer.scheduling.scheduler import Scheduler
from consumer.scheduling.task import Partition

INTERVAL = 0.25  # seconds between two commits
CONFIRM_SECONDS = 5.0  # after its assignment every partition is committed once more

# Errors after which the same commit can succeed at the next tick: the group or its coordinator is on the move.
PASSING = frozenset(
    {
        KafkaError.ILLEGAL_GENERATION,
        KafkaError.REBALANCE_IN_PROGRESS,
        KafkaError.STALE_MEMBER_EPOCH,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.NOT_COORDINATOR,
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError.REQUEST_TIMED_OUT,
        KafkaError._WAIT_COORD,
        KafkaError._TIMED_OUT,
        KafkaError._TRANSPORT,
        KafkaError._NO_OFFSET,
    }
)

log = structlog.get_logger()


class Committer:
    """Used by the poll thread only; its callback runs there too, inside `poll`.

    One request is outstanding at most: librdkafka retries a failed one after a later one that succeeded, which would
    take the group back.

    The last commit of a partition's former owner may arrive after the first of the new one and take the group back,
    too: the broker checks no ownership. A partition with traffic is soon committed again; a quiet one is committed once
    more some seconds after its assignment, though nothing has changed.
    """

    def __init__(self, scheduler: Scheduler, on_result: Callable[[CommitResult], None]) -> None:
        self._scheduler = scheduler
        self._on_result = on_result
        self._ticked_at = 0.0
        self._sent: dict[Partition, Ledger] = {}  # whose commit is outstanding: no later ledger may believe its answer
        self._room = LIMIT  # characters of metadata that the broker is thought to take
        self._refused_as_too_long = False  # the last commit was: the next one goes without metadata
        self._confirming: set[Ledger] = set()  # those whose outstanding commit is the one some seconds later
        self.outstanding = False

    def tick(self, consumer: Consumer, now: float) -> None:
        """Commit what has changed, if it is time and the last answer is there. `now`: monotonic seconds."""
        if now - self._ticked_at < INTERVAL or self.outstanding:
            return
        self._ticked_at = now
        for ledger in self._scheduler.ledgers.values():
            if ledger.assigned_at is None:
                ledger.assigned_at = now
        self.commit(consumer)

    def commit(self, consumer: Consumer) -> None:
        """Commit what has changed. Not while a request is outstanding, and not inside a callback."""
        offsets = self._changed(self._scheduler.ledgers.values(), lambda ledger: _position(consumer, ledger.partition))
        if not offsets:
            return
        self._sent = dict(self._scheduler.ledgers)
        try:
            consumer.commit(offsets=offsets, asynchronous=True)
        except KafkaException as failure:
            self._failed(failure)
            return
        self.outstanding = True

    def commit_now(self, consumer: Consumer, partitions: Iterable[Partition]) -> None:
        """Commit these partitions and wait for the answer. Only where a coordinator is known to answer.

        Made for rebalance callbacks, which librdkafka may call while it is filling a batch: the consumer's position
        then counts records that are in no ledger yet, so it is left out of the frontier.
        """
        ledgers = [self._scheduler.ledgers[partition] for partition in partitions]
        offsets = self._changed(ledgers, lambda _ledger: None)
        if not offsets:
            return
        try:
            answer = consumer.commit(offsets=offsets, asynchronous=False) or []
            self._acknowledged(answer, {ledger.partition: ledger for ledger in ledgers})
        except KafkaException as failure:
            self._failed(failure)
            if self._refused_as_too_long:
                self.commit_now(consumer, partitions)

    def answered(self, error: KafkaError | None, offsets: list[TopicPartition]) -> None:
        """librdkafka's `on_commit`."""
        self.outstanding = False
        if error is not None:
            self._failed(KafkaException(error))
        else:
            self._acknowledged(offsets, self._sent)

    def _changed(
        self, ledgers: Iterable[Ledger], position: Callable[[Ledger], TopicPartition | None]
    ) -> list[TopicPartition]:
        offsets = []
        self._confirming.clear()
        room = 0 if self._refused_as_too_long else self._room
        self._refused_as_too_long = False
        with self._scheduler.lock:
            for ledger in ledgers:
                at = None if len(ledger) else position(ledger)
                frontier = ledger.frontier(OFFSET_UNKNOWN if at is None else at.offset)
                if frontier < 0:
                    continue  # nobody could tell yet where the partition begins
                metadata = ledger.commit_map(frontier, room)
                is_new = (ledger.committed, ledger.committed_map) != (frontier, metadata)
                if frontier >= ledger.committed and (is_new or self._is_to_confirm(ledger)):
                    epoch = _epoch_before(frontier, ledger, at)
                    offsets.append(TopicPartition(*ledger.partition, frontier, metadata, epoch))
        return offsets

    def _is_to_confirm(self, ledger: Ledger) -> bool:
        if ledger.confirmed or ledger.assigned_at is None or self._ticked_at - ledger.assigned_at < CONFIRM_SECONDS:
            return False
        self._confirming.add(ledger)
        return True

    def _acknowledged(self, offsets: list[TopicPartition], sent: Mapping[Partition, Ledger]) -> None:
        for offset in offsets:
            if offset.error is not None:
                self._failed(KafkaException(offset.error))
                continue
            ledger = sent.get(Partition(offset.topic, offset.partition))
            if ledger is not None and offset.offset >= ledger.committed:
                ledger.committed = offset.offset
                ledger.committed_map = offset.metadata or ""
                ledger.confirmed = ledger.confirmed or ledger in self._confirming
        self._on_result(CommitResult.OK)

    def _failed(self, failure: KafkaException) -> None:
        """A commit was refused. Of one whose metadata is too long for a partition, the broker stores the others', but
        librdkafka's answer blames all of them: all are committed again without, and later maps are made shorter.
        """
        error = failure.args[0]
        if error.code() == KafkaError.OFFSET_METADATA_TOO_LARGE:
            self._refused_as_too_long = True
            self._room //= 2
            self._on_result(CommitResult.METADATA_TOO_LONG)
            log.warning(
                "the broker does not take so much commit metadata; using less",
                characters=self._room,
                **cause_of(failure),
            )
            return
        passing = error.code() in PASSING
        self._on_result(CommitResult.RETRIED if passing else CommitResult.FAILED)
        if not passing:
            log.warning("commit refused; it is tried again with the next one", error=error.name(), **cause_of(failure))


def _position(consumer: Consumer, partition: Partition) -> TopicPartition:
    """The consumer's position in the partition; its offset is below 0 as long as nothing was consumed."""
    return consumer.position([TopicPartition(*partition)])[0]


def _epoch_before(frontier: int, ledger: Ledger, position: TopicPartition | None) -> int:
    """The leader epoch of what lies before the frontier: a transaction's marker there is in no ledger."""
    beyond_records = position is not None and frontier > ledger.highest_seen + 1
    epoch: int | None = position.leader_epoch if position and beyond_records else ledger.epoch_before(frontier)
    return EPOCH_UNKNOWN if epoch is None else epoch
