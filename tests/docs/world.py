"""The small topic in which the documents' examples run: a real Kafka, a sandbox, a few records and dead letters."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from consumer.enrolment.disposition import DeadLetterReason
from consumer.kafka.topic_ids import TopicIds
from consumer.sandbox.server import Sandbox
from consumer.scheduling.offset_map import encode
from consumer.scheduling.task import Partition
from tests.kafka.apache import ApacheKafka, free_ports
from tests.support.command import CONSUMER, environment
from tests.support.dead_letters import written
from tests.support.waiting import HANG_SECONDS, wait_until

TOPIC, GROUP = "raw-events", "clicksend-consumer"
DAY_MS = 86_400_000
SERVERS = ("run", "sandbox")
"""Commands that run until a signal ends them."""


class ExampleWorld:
    """The environment of the documents' examples. `play` runs one of their command lines.

    files -- the files that the examples read, by name; `events.jsonl` is also what the topic holds
    """

    def __init__(self, kafka: ApacheKafka, sandbox: Sandbox, folder: Path, files: Mapping[str, str]) -> None:
        self._kafka = kafka
        self._folder = folder
        for name, content in files.items():
            (folder / name).write_text(content)
        (port,) = free_ports(1)
        self._variables = {
            "SECRETS_DIR": str(folder),
            "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap,
            "KAFKA_TOPIC": TOPIC,
            "CLICKSEND_BASE_URL": sandbox.url,
            "CLICKSEND_USERNAME": "sandbox",
            "CLICKSEND_API_KEY": "sandbox",
            "CLICKSEND_LIST_ID": "428",
            "MONITOR_PORT": str(port),
        }
        kafka.create_topic(TOPIC, 2)
        kafka.create_topic(f"{TOPIC}.dead-letter", 2, {"retention.ms": "-1"})
        events = files["events.jsonl"]
        self._produce(events.splitlines())
        self._commit()
        self._produce_dead_letters(events.encode().splitlines())

    def play(self, line: str) -> str:
        """Return what a terminal shows of a command; of one that runs until it is told to stop, once it serves."""
        words, _, stdin = line.partition(" < ")
        program, *arguments = shlex.split(words)
        assert program == "clicksend-consumer"
        if arguments[0] in SERVERS:
            return self._serve(arguments)
        done = subprocess.run(
            [*CONSUMER, *arguments],
            env=environment(self._variables),
            cwd=self._folder,
            input=(self._folder / stdin).read_text() if stdin else "",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=HANG_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout.replace(self._kafka.bootstrap, "kafka:9092")

    def _serve(self, arguments: list[str]) -> str:
        path = self._folder / "served"
        with path.open("wb") as out:
            process = subprocess.Popen(
                [*CONSUMER, *arguments],
                env=environment(self._variables),
                cwd=self._folder,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        try:
            wait_until(lambda: process.poll() is not None or _answers(path.read_text()))
        finally:
            process.send_signal(signal.SIGTERM)
            status = process.wait(HANG_SECONDS)
        assert status == 0, path.read_text()
        return path.read_text()

    def _produce(self, events: list[str]) -> None:
        producer = Producer({"bootstrap.servers": self._kafka.bootstrap})
        now_ms = round(time.time() * 1000)
        for number, event in enumerate(events):
            producer.produce(TOPIC, value=event, partition=0, timestamp=now_ms - (8 - number) * DAY_MS // 4)
        producer.produce(TOPIC, value=events[0], partition=1, timestamp=now_ms)
        assert producer.flush(30) == 0

    def _produce_dead_letters(self, events: list[bytes]) -> None:
        """The last event could not be mapped, and ClickSend refused the first when it came again."""
        # Idempotent, so that the broker's coordinator has been loaded when a command needs it.
        producer = Producer({"bootstrap.servers": self._kafka.bootstrap, "enable.idempotence": True})
        now_ms = round(time.time() * 1000)
        unmappable = written(
            DeadLetterReason.UNMAPPABLE, None, detail="phone_number unusable", partition=Partition(TOPIC, 0),
            offset=2, key=None, value=events[2], timestamp_ms=now_ms - DAY_MS,
        )  # fmt: skip
        rejected = written(partition=Partition(TOPIC, 1), offset=0, key=None, value=events[0], timestamp_ms=now_ms)
        for number, dead_letter in enumerate((unmappable, rejected)):
            headers: Any = dead_letter.headers
            position: Any = {"partition": number, "timestamp": dead_letter.timestamp_ms}
            producer.produce(f"{TOPIC}.dead-letter", value=dead_letter.value, headers=headers, **position)
        assert producer.flush(30) == 0

    def _commit(self) -> None:
        admin = AdminClient({"bootstrap.servers": self._kafka.bootstrap})
        settled_ahead = encode(TopicIds(lambda: admin).id(TOPIC), 1, 3, [1])
        consumer = Consumer({"bootstrap.servers": self._kafka.bootstrap, "group.id": GROUP})
        try:
            offsets = [TopicPartition(TOPIC, 0, 1, settled_ahead), TopicPartition(TOPIC, 1, 1)]
            consumer.commit(offsets=offsets, asynchronous=False)
        finally:
            consumer.close()


def _answers(output: str) -> bool:
    """Return whether the server that printed this responds: a ready worker, or the sandbox's page."""
    address = re.search(r"https?://127\.0\.0\.1:\d+/", output)
    if address is None:
        return False
    path = "readyz" if "event_debugger" in output else ""
    return requests.get(address[0] + path, timeout=60).status_code == 200
