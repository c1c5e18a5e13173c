"""Broker, ClickSend stand-in, worker and visitors, all in this process, and the loop that narrates what they do."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from enum import Enum
from queue import Empty
from typing import TextIO

from consumer.app import Application
from consumer.demo.background import Background
from consumer.demo.broker import InProcessBroker
from consumer.demo.emitter import Emitter
from consumer.demo.narrator import GateWatch, Narrator, summary
from consumer.demo.observer import Announced, DemoObserver, Observation, Observations
from consumer.demo.scenario import Chapter
from consumer.exit_status import ExitStatus
from consumer.sandbox.options import SandboxOptions
from consumer.sandbox.server import Sandbox
from consumer.settings import Settings, Sources, load
from consumer.worker.worker import Ending

TOPIC = "events"
STILL_SECONDS = 60.0  # with --once: give up when records wait and none has come to its end for so long
TICK_SECONDS = 0.1
WORKER_END_SECONDS = 30.0
EMITTER_END_SECONDS = 1.0  # it may be waiting for stdin, which nothing ends


class DemoRun(Enum):
    """How long the demo runs."""

    ENDLESS = "endless"
    ONCE = "once"  # until all is settled


@dataclass(frozen=True, slots=True)
class Programme:
    """What is to be played. interval -- seconds between two records."""

    run: DemoRun
    chapters: Iterable[Chapter]
    interval: float


class DemoRunner:
    """All that takes part, put up when it is made and taken down with `stack`."""

    def __init__(self, programme: Programme, out: TextIO, stopping: threading.Event, stack: ExitStack) -> None:
        self._run = programme.run
        self._stopping = stopping
        self._began = time.monotonic()
        self._observations = Observations()
        broker = stack.enter_context(InProcessBroker())
        for topic in (TOPIC, f"{TOPIC}.dead-letter"):
            broker.create_topic(topic)
        self._sandbox = stack.enter_context(Sandbox(SandboxOptions()))
        self._member = Application(settings(broker.bootstrap, self._sandbox), DemoObserver(self._observations))
        monitor = self._member.monitor.address
        addresses = {
            "every event's way": f"{monitor}/",
            "contacts arriving": self._sandbox.page_url,
            "metrics": f"{monitor}/metrics",
        }
        self._narrator = Narrator(out, addresses, time.time())
        self._gate = GateWatch(self._member.scheduler)
        self._worker = Background("worker", self._member.run)
        stack.callback(self._end_worker)
        self._emitter = Emitter(
            broker.bootstrap, TOPIC, self._member.scheduler, self._begin, programme.interval, stopping
        )
        self._emitting = Background("visitors", lambda: self._emit(programme.chapters))
        stack.callback(self._end_emitter)

    def play(self) -> ExitStatus:
        """Narrate to the end; then the summary."""
        self._narrator.introduce()
        moved_at, settled = self._began, -1
        while not self._over() and time.monotonic() - moved_at < STILL_SECONDS:
            self._narrate()
            counts, _ = self._member.scheduler.counts()
            moved = sum(counts.settled.values()) != settled
            if moved or self._run is DemoRun.ENDLESS or self._emitter.settled():
                moved_at, settled = time.monotonic(), sum(counts.settled.values())
        settled_all = self._emitting.over and self._emitter.settled()
        self._end_emitter()
        self._end_worker()
        self._close()
        done = self._worker.result() is Ending.DRAINED and (settled_all or self._run is DemoRun.ENDLESS)
        return ExitStatus.DONE if done else ExitStatus.FAILED

    def _over(self) -> bool:
        self._worker.result()  # raises what ended it
        if self._emitting.over:
            self._emitting.result()
        done = self._run is DemoRun.ONCE and self._emitting.over
        return done or self._stopping.is_set() or self._worker.over

    def _narrate(self) -> None:
        observation = self._next()
        if news := self._gate.look(time.monotonic()):
            self._narrator.tell(Announced(news))
        if observation is not None:
            self._narrator.tell(observation)
        self._narrator.tick(time.time())

    def _next(self) -> Observation | None:
        with suppress(Empty):
            return self._observations.get(timeout=TICK_SECONDS)
        return None

    def _emit(self, chapters: Iterable[Chapter]) -> None:
        self._emitter.emit(chapters)
        if self._stopping.is_set():
            return
        if not self._emitter.emitted:
            self._observations.put(Announced("There was no record in it"))
        elif self._run is DemoRun.ENDLESS:
            self._observations.put(Announced(f"That was all: {self._emitter.emitted} records. Ctrl-C ends the demo"))

    def _begin(self, chapter: Chapter) -> None:
        self._sandbox.set_faults(chapter.weather)
        self._observations.put(Announced(chapter.title))

    def _end_emitter(self) -> None:
        self._stopping.set()
        self._emitting.join(EMITTER_END_SECONDS)

    def _end_worker(self) -> None:
        self._member.stop()
        self._worker.join(WORKER_END_SECONDS)

    def _close(self) -> None:
        while not self._observations.empty():
            self._narrator.tell(self._observations.get())
        counts, in_progress = self._member.scheduler.counts()
        seconds = time.monotonic() - self._began
        self._narrator.close(summary(counts, in_progress, len(self._sandbox.contacts()), seconds), time.time())


def settings(bootstrap: str, sandbox: Sandbox) -> Settings:
    """Return the worker's settings. Nothing comes from the user's environment."""
    return load(
        Sources(
            {
                "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
                "KAFKA_TOPIC": TOPIC,
                "KAFKA_GROUP_PROTOCOL": "consumer",
                "KAFKA_PROPERTIES": json.dumps({"fetch.wait.max.ms": "20", "log_level": "0"}),
                "CLICKSEND_BASE_URL": sandbox.url,
                "CLICKSEND_USERNAME": sandbox.options.username,
                "CLICKSEND_API_KEY": sandbox.options.api_key,
                "CLICKSEND_LIST_ID": str(sandbox.options.list_ids[0]),
                "RETRY_MAX_DELAY": "4",  # a demo has less patience than a worker
                "MONITOR_PORT": "0",
            }
        )
    )
