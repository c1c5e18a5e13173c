"""One member of the group from start to shutdown: its threads, and the order in which they stop."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

import structlog

from consumer.dead_letters.writer import DeadLetters
from consumer.errors import ConfigurationError, FatalStreamError
from consumer.monitoring.health import Health
from consumer.monitoring.reporter import Reporter
from consumer.scheduling.scheduler import Scheduler
from consumer.settings import Settings
from consumer.threads import Threads
from consumer.worker.delivery_loop import DeliveryLoop, Driver
from consumer.worker.input_guard import InputGuard
from consumer.worker.poll_loop import PollLoop, Source
from consumer.worker.start import Startup
from consumer.worker.watchdog import Pulse

LAST_COMMIT_SECONDS = 2.0  # reserved of the drain budget: hanging requests must not cost the last commit

log = structlog.get_logger()


class Ending(Enum):
    """The end of a worker."""

    DRAINED = "drained"  # nothing was in flight, and everything settled is committed
    UNFINISHED = "unfinished"  # the drain budget ran out; uncommitted records are delivered again
    UNANSWERED = "unanswered"  # no response to the last commit: exit without closing the consumer, which would hang


class Worker:
    """Consume and deliver: `run` blocks until `stop`.

    driver -- runs the delivery loop
    clock  -- monotonic seconds
    """

    def __init__(
        self,
        settings: Settings,
        source: Source,
        scheduler: Scheduler,
        driver: Driver,
        reporter: Reporter,
        health: Health,
        threads: Threads,
        clock: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._source = source
        self._scheduler = scheduler
        self._driver = driver
        self._reporter = reporter
        self._health = health
        self._threads = threads
        self._clock = clock
        self._crash: BaseException | None = None  # written once by any thread, read by the poll thread

    def stop(self) -> None:
        """Shut down: finish requests in flight, commit, leave the group. May be called from a signal handler."""
        self._health.stopping = True

    def crashed(self, crash: BaseException) -> None:
        """End `run` for an exception of a thread. Any thread may call it."""
        self._crash = self._crash or crash

    def pulse(self) -> Pulse:
        """Return the poll loop's pulse. Thread-safe."""
        return Pulse("the poll loop", self._health.last_poll_at, self._settings.kafka.max_poll_interval_ms / 1000)

    def run(self) -> Ending:
        """Consume and deliver until stopped. The calling thread is the poll thread.

        Raises ConfigurationError for topics, offsets or properties that an operator must fix, and FatalStreamError
        where only a restart helps.
        """
        loop = PollLoop(
            self._settings,
            self._source,
            self._scheduler,
            self._reporter,
            self._health,
            self._clock,
            InputGuard(self._settings.enrolment.unrecognised_limit, self._health),
        )
        try:
            return self._run(loop)
        except BaseException:
            self._scheduler.close()
            raise

    def _run(self, loop: PollLoop) -> Ending:
        settings, kafka = self._settings, self._settings.kafka
        start = Startup(
            settings,
            self._source.clients.admin,
            loop.connection,
            self._health,
            self._threads,
            self._clock,
            self._is_stopping,
        )
        found = start.find_topics(loop.consumer)
        self._raise_crash()
        if not found:
            loop.close()
            return Ending.DRAINED
        dead_letters = DeadLetters(
            kafka,
            self._scheduler,
            self._reporter,
            self._clock,
            self.crashed,
            self._health,
            lambda: self._source.clients.producer({}),
            self._threads,
        )
        dead_letters.start()
        delivery = DeliveryLoop(
            self._scheduler, self._driver, dead_letters, self._reporter, settings.delivery.concurrency, self.crashed
        )
        delivery.start()
        log.info("consumer started", topics=list(kafka.topics), group=kafka.group_id, protocol=kafka.group_protocol)
        loop.join()
        while not self._health.stopping:
            loop.turn()
            self._raise_crash()
        return self._drain(loop, delivery, dead_letters)

    def _is_stopping(self) -> bool:
        return self._health.stopping or self._crash is not None

    def _raise_crash(self) -> None:
        if isinstance(self._crash, ConfigurationError):
            raise self._crash
        if self._crash is not None:
            raise FatalStreamError("a thread of the worker failed") from self._crash

    def _drain(self, loop: PollLoop, delivery: DeliveryLoop, dead_letters: DeadLetters) -> Ending:
        """Finish requests in flight, commit, close. Keep polling until then, so that the group stays stable."""
        timeout = self._settings.worker.drain_timeout
        deadline = self._clock() + timeout
        finish_by = deadline - min(LAST_COMMIT_SECONDS, timeout / 4)
        log.info("shutting down", in_flight=self._in_flight(), within_seconds=timeout)
        self._scheduler.close()
        loop.end(finish_by)
        while self._in_flight() and self._clock() < finish_by:
            loop.closing_turn()
        unfinished = self._in_flight()
        delivery.stop(max(0.0, min(1.0, finish_by - self._clock())))
        dead_letters.close(max(0.0, finish_by - self._clock()))
        if not loop.commit_last(deadline):
            return Ending.UNANSWERED
        loop.leave(deadline)
        log.info("shutdown complete", unfinished=unfinished)
        return Ending.UNFINISHED if unfinished else Ending.DRAINED

    def _in_flight(self) -> int:
        return self._scheduler.in_flight(list(self._scheduler.trackers))
