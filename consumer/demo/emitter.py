"""Produce the scenario's records at a readable pace, within the broker's capacity."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from confluent_kafka import Producer

from consumer.demo.events import Emission
from consumer.demo.observer import NOTE
from consumer.demo.scenario import Chapter
from consumer.scheduling.scheduler import Scheduler

AHEAD_BYTES = 1_000_000  # with one more record, below 2 MiB in a partition; the broker drops beyond 5
AHEAD_RECORDS = 10_000
MAX_BYTES = 2_000_000  # per record: far above `formatting.LONGEST`
LOOK_SECONDS = 0.02


class Emitter:
    """Produces chapters until they end or `stopping` is set.

    scheduler -- of the worker that consumes the topic: shows its progress
    begin     -- called at the start of a chapter
    interval  -- seconds between two records
    """

    def __init__(
        self,
        bootstrap: str,
        topic: str,
        scheduler: Scheduler,
        begin: Callable[[Chapter], None],
        interval: float,
        stopping: threading.Event,
    ) -> None:
        self._producer = Producer(
            {"bootstrap.servers": bootstrap, "linger.ms": 0, "message.max.bytes": MAX_BYTES, "log_level": 0}
        )
        self._topic = topic
        self._scheduler = scheduler
        self._begin = begin
        self._interval = interval
        self._stopping = stopping
        self._ahead = AHEAD_BYTES  # bytes left to produce before waiting for the worker
        self.emitted = 0  # written by the emitting thread only

    def emit(self, chapters: Iterable[Chapter]) -> None:
        """Produce the chapters one by one, and wait after each until all its records are settled."""
        for chapter in chapters:
            self._begin(chapter)
            for emission in chapter.records:
                if self._stopping.wait(self._interval / chapter.pace):
                    return
                self._produce(emission)
            self._wait_for(self.settled)
            if self._stopping.is_set():
                return

    def consumed(self) -> bool:
        """Return whether the worker has consumed all produced records."""
        counts, _ = self._scheduler.counts()
        return counts.consumed + counts.skipped >= self.emitted

    def settled(self) -> bool:
        """Return whether all produced records are settled."""
        counts, in_progress = self._scheduler.counts()
        return counts.consumed + counts.skipped >= self.emitted and not in_progress

    def _produce(self, emission: Emission) -> None:
        headers: list[tuple[str, str | bytes | None]] = [(NOTE, emission.note)] if emission.note else []
        if emission.visitor is None:
            self._producer.produce(self._topic, emission.value, partition=0, headers=headers)
        else:
            self._producer.produce(self._topic, emission.value, emission.visitor, headers=headers)
        self._producer.poll(0)
        self.emitted += 1
        self._ahead -= len(emission.value)
        if self._ahead <= 0 or self.emitted % AHEAD_RECORDS == 0:
            self._wait_for(self.consumed)
            self._ahead = AHEAD_BYTES

    def _wait_for(self, condition: Callable[[], bool]) -> None:
        while not condition() and not self._stopping.wait(LOOK_SECONDS):
            pass
