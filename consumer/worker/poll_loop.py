"""The poll thread: consume, admit, pause and resume, commit."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition
from msgspec import Struct

from consumer.errors import FatalStreamError
from consumer.formats.decider import Decider
from consumer.kafka.broker_status import BrokerStatus, generation_of
from consumer.kafka.clients import KafkaClients
from consumer.kafka.group_watch import GroupWatch
from consumer.kafka.properties import OffsetReset
from consumer.kafka.refusals import REFUSALS
from consumer.kafka.start_position import StartPosition, no_usable_offset
from consumer.kafka.topic_ids import TopicIds
from consumer.kafka.topic_watch import TopicWatch
from consumer.monitoring.health import Health
from consumer.monitoring.reporter import Reporter
from consumer.scheduling.back_pressure import Caps, is_full, pressure
from consumer.scheduling.counts import CommitResult
from consumer.scheduling.offset_map import UNKNOWN_TOPIC_ID
from consumer.scheduling.offset_tracker import OffsetTracker
from consumer.scheduling.scheduler import Scheduler
from consumer.scheduling.task import Partition, Task
from consumer.settings import Settings
from consumer.worker.batches import BatchReader, Chosen, redriven_choice
from consumer.worker.committer import Committer
from consumer.worker.deferred import Deferred
from consumer.worker.intake import Guard, Intake
from consumer.worker.rebalance import Assignment, revoke_budget
from consumer.worker.rewind import Rewind
from consumer.worker.slices import Slices

POLL_SECONDS = 0.125  # half of the interval between two commits
CLOSING_SECONDS = 0.05  # of a poll in a shutdown: until it ends, an answered commit is not noticed
TURN_SECONDS = 60e-6  # of the delivery loop, for each contact
QUIET_TURNS = 3  # polls without an assignment after which the group counts as left
ENDS_SECONDS = 1.0  # between two updates of the log-end offsets for the metrics
SAME_NAME = "does another worker have this KAFKA_GROUP_INSTANCE_ID, or did this one end less than a session ago?"

log = structlog.get_logger()


class RunGuard(Guard, Protocol):
    """The intake's guard with its periodic check."""

    def tick(self, now: float) -> list[Task]:
        """Return the released tasks, whose dead letters are due."""


class Source(Struct, frozen=True):
    """Where the records come from, and how they are decided.

    chosen -- returns the indexes of the events to deliver, of a record with several; empty: all
    """

    clients: KafkaClients
    decider: Decider
    chosen: Chosen = redriven_choice


class PollLoop:
    """Create and use the Consumer. For one thread.

    Raises ConfigurationError for a property that librdkafka does not take.
    """

    def __init__(
        self,
        settings: Settings,
        source: Source,
        scheduler: Scheduler,
        reporter: Reporter,
        health: Health,
        clock: Callable[[], float],
        guard: RunGuard,
    ) -> None:
        clients = source.clients
        self._kafka = kafka = settings.kafka
        self._close_may_hang = clients.identity.close_may_hang
        self._caps = Caps(settings.worker.max_buffered_records, settings.worker.max_buffered_bytes)
        self._guard = guard
        self._scheduler = scheduler
        self._reporter = reporter
        self._health = health
        self._clock = clock
        self.connection = BrokerStatus(health, clock, kafka.group_protocol, clients.identity)
        self._committer = Committer(scheduler, self._committed, self._commit_refused)
        self._group_watch = GroupWatch(kafka.group_id, clients.admin, self.connection.error, clock())
        topic_ids = TopicIds(clients.admin)
        start_position = StartPosition(kafka.auto_offset_reset, kafka.group_id, clients.admin)
        self._watch = TopicWatch(kafka.topics, topic_ids, clients.admin)
        budget = revoke_budget(settings)
        self._assignment = Assignment(
            budget, scheduler, self._committer, self.connection, reporter, topic_ids, start_position, clock
        )
        self._ends_noted_at = 0.0
        self._slices = Slices(self._caps)
        self.consumer = clients.consumer(
            {
                "error_cb": self.connection.error,
                "stats_cb": self.connection.statistics,
                "on_commit": self._committer.answered,
            }
        )
        self._rewind = Rewind(self.consumer, scheduler, topic_ids, start_position, reporter)
        self._deferred = Deferred(source.decider.schemas, self._is_full)
        self._intake = Intake(
            source.decider,
            scheduler.trackers,
            self._rewind.jumped,
            int(settings.enrolment.max_event_age * 1000),
            reporter.observer,
            guard,
            self._deferred,
            BatchReader(clock, source.chosen),
        )

    def join(self) -> None:
        """Subscribe to the topics. Partitions are assigned in one of the next turns."""
        self.consumer.subscribe(
            list(self._kafka.topics),
            on_assign=self._assignment.assigned,
            on_revoke=self._assignment.revoked,
            on_lost=self._assignment.lost,
        )

    def turn(self) -> None:
        """Run one round. Raises ConfigurationError or FatalStreamError where the worker must end."""
        consumed = self._consume(0.0 if self._deferred.is_pressing else POLL_SECONDS)
        self._take_in([*self._deferred.ready(), *consumed])
        self._health.registry_fault, self._health.schema_waits = self._deferred.fault, self._deferred.waiting_for_schema
        self._health.unread = bool(self._deferred.waiting)
        now = self._clock()
        self._health.polled(now)
        self._regulate()
        if released := self._guard.tick(now):
            self._scheduler.release_held(released)
        self._committer.tick(self.consumer, now)
        if now - self._ends_noted_at >= ENDS_SECONDS:
            self._ends_noted_at = now
            self._note_ends()
            self.connection.generation_is(generation_of(self.consumer))
            if self._health.coordinator:
                self._group_watch.coordinator_known(now)
            elif self._health.reachable:
                self._group_watch.look(now)
        self._look_at_topics(now)

    def closing_turn(self) -> None:
        """Poll librdkafka during a shutdown. Track the records, or the committable offset would skip them."""
        self._take_in(self._consume(CLOSING_SECONDS))
        self._health.polled(self._clock())

    def end(self, finish_by: float) -> None:
        """Pause all partitions and note the shutdown. Only `closing_turn` is called from now on.

        finish_by -- monotonic seconds after which nothing is waited for
        """
        self._assignment.end(finish_by)
        self.consumer.pause([TopicPartition(*partition) for partition in self._scheduler.trackers])

    def commit_last(self, deadline: float) -> bool:
        """Commit all settled records. Return whether the broker answered by `deadline` (monotonic seconds).

        Asynchronous, as a synchronous commit to a dead coordinator never returns.
        """
        self._await_commit(deadline)
        if not self._committer.outstanding:
            self._committer.commit(self.consumer)
        self._await_commit(deadline)
        return not self._committer.outstanding

    def leave(self, deadline: float) -> None:
        """Leave the group, then close the consumer.

        An assignment that arrives inside `close` makes librdkafka hang or fail an assertion (rd_kafka_cgrp_terminated).
        """
        self.consumer.unsubscribe()
        quiet = 0
        while quiet < QUIET_TURNS and self._clock() < deadline:
            self.closing_turn()
            quiet = 0 if self.consumer.assignment() else quiet + 1
        self.close()

    def close(self) -> None:
        """Close the consumer, which has left the group, or never joined it; not where the process's end is quicker."""
        if not self._close_may_hang:
            self.consumer.close()

    def _consume(self, seconds: float) -> list[Message]:
        """Wait at most `seconds` for a first message, then take those available.

        `consume` alone would wait for all of them. The first one's partition may be revoked and assigned again inside
        it; then it is fetched again.
        """
        first = self.consumer.poll(seconds)
        if first is None:
            return []
        tracker = self._tracker(first)
        more = self.consumer.consume(self._slices.size(self._scheduler.trackers.values()) - 1, 0)
        return [first, *more] if self._tracker(first) is tracker else more

    def _tracker(self, message: Message) -> OffsetTracker | None:
        return self._scheduler.trackers.get(Partition(message.topic() or "", message.partition() or 0))

    def _take_in(self, messages: list[Message]) -> None:
        if messages:
            polled, errors = self._intake.read(messages, int(time.time() * 1000))
            self._scheduler.admit(polled)
            self.connection.fetched(messages)
            contacts = polled.deliveries
            self._slices.polled(len(messages), contacts, self._scheduler.trackers.values())
            self._yield_interpreter(contacts)
            for each in errors:
                self._stream_error(each)

    def _yield_interpreter(self, contacts: int) -> None:
        """Sleep for as long as the delivery loop will need the interpreter for these contacts.

        A thread waits up to 5 ms (`sys.getswitchinterval`) for the interpreter's lock, and the loop needs it at each
        response. So this thread polls few at a time (see `Slices`) and sleeps between them. A shorter switch interval
        would switch threads in the middle of each mapping instead.
        """
        if contacts:
            time.sleep(contacts * TURN_SECONDS)

    def _committed(self, result: CommitResult) -> None:
        self._reporter.committed(result)
        if result is CommitResult.OK:
            self.connection.joined()

    def _commit_refused(self, failure: KafkaException) -> None:
        self.connection.error(failure.args[0])
        self._reporter.commit_refused(failure)

    def _stream_error(self, message: Message) -> None:
        """Handle an error delivered as a message: some are the only sign that consumption has stopped."""
        error = message.error()
        if error is None:
            return
        code = error.code()
        if code == KafkaError._FATAL:
            hint = f"; {SAME_NAME}" if self._kafka.group_instance_id else ""
            if "authorization failed" in error.str().lower():
                hint = f"; {REFUSALS[KafkaError.GROUP_AUTHORIZATION_FAILED]}"
            raise FatalStreamError(f"librdkafka stopped: {error.str()}{hint}")
        if code == KafkaError._AUTO_OFFSET_RESET:
            self._lost_offset(message, error.str())
            return
        self.connection.error(error, message.topic())
        self._reporter.stream_error(error)

    def _lost_offset(self, message: Message, why: str) -> None:
        if self._kafka.auto_offset_reset is OffsetReset.ERROR:
            what = "the group's offset is no longer in the topic and the setting is error"
            raise no_usable_offset("KAFKA_AUTO_OFFSET_RESET", what)
        tracker = self._tracker(message)
        if tracker is not None:
            self._rewind.lost_offset(tracker, why)

    def _is_full(self, tracker: OffsetTracker) -> bool:
        return is_full(tracker, self._caps.share(len(self._scheduler.trackers)))

    def _regulate(self) -> None:
        decision = pressure(self._scheduler.trackers.values(), self._caps)
        acts = ((decision.pause, self.consumer.pause, True), (decision.resume, self.consumer.resume, False))
        for trackers, act, paused in acts:
            if trackers:
                act([TopicPartition(*tracker.partition) for tracker in trackers])
                for tracker in trackers:
                    tracker.paused = paused

    def _look_at_topics(self, now: float) -> None:
        self._assignment.read_again(self.consumer)
        self._rewind.restart_stopped()
        for topic, seen in self._watch.look(now).items():
            self.connection.topic_looked_up(topic, seen)
            if seen.topic_id is None or seen.topic_id == UNKNOWN_TOPIC_ID:
                continue
            for tracker in list(self._scheduler.trackers.values()):
                if tracker.partition.topic == topic:
                    self._rewind.topic_seen(tracker, seen.topic_id)

    def _await_commit(self, deadline: float) -> None:
        while self._committer.outstanding and self._clock() < deadline:
            self.closing_turn()

    def _note_ends(self) -> None:
        for tracker in self._scheduler.trackers.values():
            _low, high = self.consumer.get_watermark_offsets(TopicPartition(*tracker.partition), cached=True)
            if high >= 0:
                tracker.end = high
