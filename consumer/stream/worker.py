"""The poll thread: the only caller of the Consumer, from the start to the drain."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from consumer.clicksend.client import Client
from consumer.enrolment.enroller import Enroller
from consumer.errors import FatalStreamError
from consumer.log import librdkafka
from consumer.stream.assignment import Assignment
from consumer.stream.back_pressure import pressure
from consumer.stream.committer import Committer
from consumer.stream.connection import Connection
from consumer.stream.counts import ReleaseReason
from consumer.stream.crew import Crew
from consumer.stream.dead_letters import DeadLetters
from consumer.stream.health import Health
from consumer.stream.intake import Intake
from consumer.stream.kafka_properties import consumer_properties, refusal
from consumer.stream.ledger import Ledger
from consumer.stream.options import StreamOptions
from consumer.stream.reporter import Reporter
from consumer.stream.scheduler import Scheduler
from consumer.stream.start import Start
from consumer.stream.start_position import no_usable_offset
from consumer.stream.topic_ids import TopicIds

POLL_SECONDS = 0.05
BATCH = 500
QUIET_TURNS = 3  # polls without an assignment after which the group is taken to be left
LAST_COMMIT_SECONDS = 2.0  # of the drain budget: requests and dead letters that hang must not cost the last commit
ENDS_SECONDS = 1.0  # how often the partitions' ends are noted for the metrics

log = structlog.get_logger()


class Ending(Enum):
    """How a worker ended."""

    DRAINED = "drained"  # nothing was in flight, and everything settled is committed
    UNFINISHED = "unfinished"  # the drain budget ran out; what is not committed is delivered again
    UNANSWERED = "unanswered"  # the last commit had no answer: leave without closing the consumer, which would hang


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the delivery threads work with."""

    clients: Callable[[], Client]
    reload_credentials: Callable[[], None]


class Worker:
    """One member of the group. `run` blocks until `stop`, and raises what only a person or a restart can mend."""

    def __init__(
        self,
        options: StreamOptions,
        enroller: Enroller,
        scheduler: Scheduler,
        delivery: Delivery,
        reporter: Reporter,
        health: Health,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._options = options
        self._scheduler = scheduler
        self._reporter = reporter
        self._health = health
        self._clock = clock
        self._delivery = delivery
        self._crash: BaseException | None = None  # written once by any thread, read by the poll thread
        self._connection = Connection(health, clock)
        self._committer = Committer(scheduler, reporter.committed)
        self._assignment = Assignment(
            options, scheduler, self._committer, self._connection, health, reporter, TopicIds(options.connection), clock
        )
        self._intake = Intake(
            enroller, scheduler.ledgers, self._rewind, int(options.max_event_age * 1000), reporter.journal
        )
        self._ends_noted_at = 0.0

    def stop(self) -> None:
        """End: finish what is in flight, commit, leave the group. May be called from a signal handler."""
        self._health.stopping = True

    def run(self) -> Ending:
        """Consume and deliver until stopped.

        Raises ConfigurationError for topics or offsets that a person must mend, FatalStreamError when only a restart
        helps.
        """
        consumer = self._consumer()
        try:
            return self._run(consumer)
        except BaseException:
            self._scheduler.close()
            raise

    def _consumer(self) -> Consumer:
        callbacks = {
            "error_cb": self._connection.error,
            "stats_cb": self._connection.statistics,
            "on_commit": self._committer.answered,
        }
        try:
            return Consumer({**consumer_properties(self._options), **callbacks}, logger=librdkafka())
        except KafkaException as failure:
            raise refusal(failure, self._options.connection) from None

    def _run(self, consumer: Consumer) -> Ending:
        options = self._options
        start = Start(options, self._connection, self._health, self._clock, lambda: self._health.stopping)
        if not start.find_topics(consumer):
            consumer.close()
            return Ending.DRAINED
        dead_letters = DeadLetters(options, self._scheduler, self._reporter, self._clock, self._crashed, self._health)
        dead_letters.start()
        crew = Crew(
            self._scheduler,
            self._delivery.clients,
            dead_letters,
            self._delivery.reload_credentials,
            self._reporter,
            self._clock,
            self._crashed,
        )
        crew.start(options.concurrency)
        log.info("consuming", topics=list(options.topics), group=options.group_id, protocol=options.group_protocol)
        consumer.subscribe(
            list(options.topics),
            on_assign=self._assignment.assigned,
            on_revoke=self._assignment.revoked,
            on_lost=self._assignment.lost,
        )
        while not self._health.stopping:
            self._turn(consumer)
        return self._drain(consumer, crew, dead_letters)

    def _turn(self, consumer: Consumer) -> None:
        """One round of the poll loop."""
        self._take_in(_consume(consumer))
        now = self._clock()
        self._health.polled(now)
        self._regulate(consumer)
        self._committer.tick(consumer, now)
        if now - self._ends_noted_at >= ENDS_SECONDS:
            self._ends_noted_at = now
            _note_ends(consumer, self._scheduler)
        if self._crash is not None:
            raise FatalStreamError("a thread of the worker failed") from self._crash

    def _take_in(self, messages: list[Message]) -> None:
        if messages:
            batch, errors = self._intake.read(messages, int(time.time() * 1000))
            self._scheduler.admit(batch)
            for error in errors:
                self._stream_error(error)

    def _stream_error(self, error: KafkaError) -> None:
        """An error that came as a message: some of them are the only sign that nothing will come any more."""
        code = error.code()
        if code == KafkaError._FATAL:
            raise FatalStreamError(f"librdkafka can't go on: {error.str()}")
        if code == KafkaError._AUTO_OFFSET_RESET:
            what = "the group's offset is no longer in the topic and the setting is error"
            raise no_usable_offset("KAFKA_AUTO_OFFSET_RESET", what)
        self._connection.error(error)
        self._reporter.stream_error(error)

    def _regulate(self, consumer: Consumer) -> None:
        decision = pressure(self._scheduler.ledgers.values(), self._options.caps)
        for ledgers, act, paused in ((decision.pause, consumer.pause, True), (decision.resume, consumer.resume, False)):
            if ledgers:
                act([TopicPartition(*ledger.partition) for ledger in ledgers])
                for ledger in ledgers:
                    ledger.paused = paused

    def _rewind(self, ledger: Ledger, offset: int) -> Ledger:
        """The partition's offsets have jumped backwards: its topic was recreated, or its offsets were reset."""
        log.warning("offsets jumped backwards; starting over", partition=str(ledger.partition), offset=offset)
        self._scheduler.detach([ledger.partition], ReleaseReason.REWOUND)
        return self._scheduler.assign(ledger.partition, offset, offset, ledger.topic_id)

    def _crashed(self, crash: BaseException) -> None:
        self._crash = self._crash or crash

    def _drain(self, consumer: Consumer, crew: Crew, dead_letters: DeadLetters) -> Ending:
        """Finish what is in flight, commit, close. Polling goes on, so that the group stays stable meanwhile."""
        deadline = self._clock() + self._options.drain_timeout
        finish_by = deadline - min(LAST_COMMIT_SECONDS, self._options.drain_timeout / 4)
        log.info("ending", in_flight=self._in_flight(), within_seconds=self._options.drain_timeout)
        self._assignment.end(finish_by)
        self._scheduler.close()
        consumer.pause([TopicPartition(*partition) for partition in self._scheduler.ledgers])
        while self._in_flight() and self._clock() < finish_by:
            self._closing_turn(consumer)
        unfinished = self._in_flight()
        crew.join(max(0.0, min(1.0, finish_by - self._clock())))
        dead_letters.close(max(0.0, finish_by - self._clock()))
        if not self._commit_last(consumer, deadline):
            return Ending.UNANSWERED
        self._leave(consumer, deadline)
        consumer.close()
        log.info("ended", unfinished=unfinished)
        return Ending.UNFINISHED if unfinished else Ending.DRAINED

    def _leave(self, consumer: Consumer, deadline: float) -> None:
        """Leave the group before the consumer is closed, and serve what comes of it.

        An assignment that arrives inside `close` makes librdkafka wait for ever, or end the process by an assertion
        (rd_kafka_cgrp_terminated).
        """
        consumer.unsubscribe()
        quiet = 0
        while quiet < QUIET_TURNS and self._clock() < deadline:
            self._closing_turn(consumer)
            quiet = 0 if consumer.assignment() else quiet + 1

    def _commit_last(self, consumer: Consumer, deadline: float) -> bool:
        """Commit everything settled and wait for the answer: asynchronously, as a dead coordinator never answers."""
        self._await_commit(consumer, deadline)
        if not self._committer.outstanding:
            self._committer.commit(consumer)
        self._await_commit(consumer, deadline)
        return not self._committer.outstanding

    def _await_commit(self, consumer: Consumer, deadline: float) -> None:
        while self._committer.outstanding and self._clock() < deadline:
            self._closing_turn(consumer)

    def _closing_turn(self, consumer: Consumer) -> None:
        """Serve librdkafka. What it still hands out goes into the ledgers, lest the frontier pass it: no further."""
        self._take_in(_consume(consumer))
        self._health.polled(self._clock())

    def _in_flight(self) -> int:
        return self._scheduler.in_flight(list(self._scheduler.ledgers))


def _consume(consumer: Consumer) -> list[Message]:
    """Wait for a first message, then take what is there: `consume` alone would wait until its batch is full."""
    first = consumer.poll(POLL_SECONDS)
    return [] if first is None else [first, *consumer.consume(BATCH - 1, 0)]


def _note_ends(consumer: Consumer, scheduler: Scheduler) -> None:
    for ledger in scheduler.ledgers.values():
        _low, high = consumer.get_watermark_offsets(TopicPartition(*ledger.partition), cached=True)
        if high >= 0:
            ledger.end = high
