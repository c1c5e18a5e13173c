"""Run broker, sandbox, worker and visitors in this process, and narrate them."""

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
from consumer.kafka.clients import KafkaClients
from consumer.sandbox.options import SandboxOptions
from consumer.sandbox.server import Sandbox
from consumer.settings import Settings, Sources, load
from consumer.settings.kafka import client_properties
from consumer.worker.worker import Ending

TOPIC = "events"
STILL_SECONDS = 60.0  # with --once: give up after this time without a settled record
TICK_SECONDS = 0.1
WORKER_END_SECONDS = 30.0
EMITTER_END_SECONDS = 1.0  # it may wait for stdin, which can't be interrupted


class DemoRun(Enum):
    """The duration of the demo."""

    ENDLESS = "endless"
    ONCE = "once"  # until all records are settled


@dataclass(frozen=True, slots=True)
class Programme:
    """The run and its chapters. interval -- seconds between two records."""

    run: DemoRun
    chapters: Iterable[Chapter]
    interval: float


class DemoRunner:
    """The parts of the demo: the constructor starts them, `stack` stops them."""

    def __init__(self, programme: Programme, out: TextIO, stopping: threading.Event, stack: ExitStack) -> None:
        self._run = programme.run
        self._stopping = stopping
        self._began = time.monotonic()
        self._observations = Observations()
        broker = stack.enter_context(InProcessBroker())
        for topic in (TOPIC, f"{TOPIC}.dead-letter"):
            broker.create_topic(topic)
        self._sandbox = stack.enter_context(Sandbox(SandboxOptions()))
        given = settings(broker.bootstrap, self._sandbox)
        clients = KafkaClients(client_properties(given.kafka))
        self._application = Application(given, clients, DemoObserver(self._observations))
        monitor = self._application.monitor.address
        addresses = {
            "event debugger": f"{monitor}/",
            "sandbox contacts": self._sandbox.page_url,
            "metrics": f"{monitor}/metrics",
        }
        self._narrator = Narrator(out, addresses, time.time())
        self._gate = GateWatch(self._application.scheduler)
        self._worker = Background("worker", self._application.run)
        stack.callback(self._end_worker)
        self._emitter = Emitter(
            broker.bootstrap, TOPIC, self._application.scheduler, self._begin, programme.interval, stopping
        )
        self._emitting = Background("visitors", lambda: self._emit(programme.chapters))
        stack.callback(self._end_emitter)

    def play(self) -> ExitStatus:
        """Narrate until the end, and print the summary. Return the exit status."""
        self._narrator.introduce()
        moved_at, settled = self._began, -1
        while not self._finished() and time.monotonic() - moved_at < STILL_SECONDS:
            self._narrate()
            counts, _ = self._application.scheduler.counts()
            moved = sum(counts.settled.values()) != settled
            if moved or self._run is DemoRun.ENDLESS or self._emitter.settled():
                moved_at, settled = time.monotonic(), sum(counts.settled.values())
        settled_all = self._emitting.done and self._emitter.settled()
        self._end_emitter()
        self._end_worker()
        self._close()
        done = self._worker.result() is Ending.DRAINED and (settled_all or self._run is DemoRun.ENDLESS)
        return ExitStatus.DONE if done else ExitStatus.FAILED

    def _finished(self) -> bool:
        self._worker.result()  # raises the worker's exception
        if self._emitting.done:
            self._emitting.result()
        done = self._run is DemoRun.ONCE and self._emitting.done
        return done or self._stopping.is_set() or self._worker.done

    def _narrate(self) -> None:
        observation = self._next()
        if news := self._gate.look(time.monotonic()):
            self._narrator.narrate(Announced(news))
        if observation is not None:
            self._narrator.narrate(observation)
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
            self._observations.put(Announced("The input has no records"))
        elif self._run is DemoRun.ENDLESS:
            self._observations.put(Announced(f"End of input: {self._emitter.emitted} records. Ctrl-C ends the demo"))

    def _begin(self, chapter: Chapter) -> None:
        self._sandbox.set_faults(chapter.faults)
        self._observations.put(Announced(chapter.title))

    def _end_emitter(self) -> None:
        self._stopping.set()
        self._emitting.join(EMITTER_END_SECONDS)

    def _end_worker(self) -> None:
        self._application.stop()
        self._worker.join(WORKER_END_SECONDS)

    def _close(self) -> None:
        while not self._observations.empty():
            self._narrator.narrate(self._observations.get())
        counts, in_progress = self._application.scheduler.counts()
        seconds = time.monotonic() - self._began
        self._narrator.close(summary(counts, in_progress, len(self._sandbox.contacts()), seconds), time.time())


def settings(bootstrap: str, sandbox: Sandbox) -> Settings:
    """Return the worker's settings, independent of the user's environment."""
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
                "RETRY_MAX_DELAY": "4",  # keeps the demo short
                "MONITOR_PORT": "0",
            }
        )
    )
