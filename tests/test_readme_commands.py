"""The README's chapter on operating: each command line in it is run, and says what stands there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from consumer.enrolment.disposition import DeadLetterReason
from consumer.kafka.topic_ids import TopicIds
from consumer.sandbox.server import Sandbox
from consumer.scheduling.offset_map import encode
from consumer.scheduling.task import Partition
from tests.commands.dead_letters.letters import written
from tests.integration.command import HANG_SECONDS, environment
from tests.kafka.apache import ApacheKafka

README = Path(__file__).parent.parent / "README.md"
TOPIC, GROUP = "raw-events", "clicksend-consumer"
DAY_MS = 86_400_000
LETTERS = ("list", "show", "redrive")

Turn = tuple[str, str]
"""A command line, and what it says."""


def chapter(text: str) -> str:
    """The chapter on operating."""
    return re.split(r"(?m)^## ", text.partition("\n## Operating it\n")[2])[0]


def turns(text: str) -> list[Turn]:
    """What stands in the console blocks, in their order."""
    blocks = re.findall(r"(?ms)^```console\n(.*?)^```$", text)
    return [(line, said) for block in blocks for line, said in re.findall(r"(?ms)^\$ (.*?)\n(.*?)(?=^\$ |\Z)", block)]


def alike(text: str) -> str:
    """Without what differs from run to run: times, ages, widths."""
    text = re.sub(r"\d+ (?:s|min|h|d)\b(?: \d+ (?:s|min|h|d)\b)?", "AGE", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:]+Z", "TIME", text)
    return re.sub(r" +", " ", text)


class World:
    """What the chapter's examples stand in. `play` runs one of its command lines."""

    def __init__(self, kafka: ApacheKafka, sandbox: Sandbox, folder: Path, events: str) -> None:
        self._kafka = kafka
        self._folder = folder
        (folder / "events.jsonl").write_text(events)
        self._variables = {
            "SECRETS_DIR": str(folder),
            "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap,
            "KAFKA_TOPIC": TOPIC,
            "CLICKSEND_BASE_URL": sandbox.url,
            "CLICKSEND_USERNAME": "sandbox",
            "CLICKSEND_API_KEY": "sandbox",
            "CLICKSEND_LIST_ID": "428",
        }
        kafka.create_topic(TOPIC, 2)
        kafka.create_topic(f"{TOPIC}.dead-letter", 2, {"retention.ms": "-1"})
        self._produce(events.splitlines())
        self._commit()
        self._bury(events.encode().splitlines())

    def play(self, line: str) -> str:
        """What a person at a terminal sees."""
        words, _, stdin = line.partition(" < ")
        program, *arguments = shlex.split(words)
        assert program == "clicksend-consumer"
        done = subprocess.run(
            [sys.executable, "-m", "consumer", *arguments],
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

    def _produce(self, events: list[str]) -> None:
        producer = Producer({"bootstrap.servers": self._kafka.bootstrap})
        now_ms = round(time.time() * 1000)
        for number, event in enumerate(events):
            producer.produce(TOPIC, value=event, partition=0, timestamp=now_ms - (8 - number) * DAY_MS // 4)
        producer.produce(TOPIC, value=events[0], partition=1, timestamp=now_ms)
        assert producer.flush(30) == 0

    def _bury(self, events: list[bytes]) -> None:
        """The last event could not be mapped, and ClickSend refused the first when it came again."""
        # Idempotent, so that the broker's coordinator has been loaded when a command needs it.
        producer = Producer({"bootstrap.servers": self._kafka.bootstrap, "enable.idempotence": True})
        now_ms = round(time.time() * 1000)
        unmappable = written(
            DeadLetterReason.UNMAPPABLE, None, detail="phone_number unusable", partition=Partition(TOPIC, 0),
            offset=2, key=None, value=events[2], timestamp_ms=now_ms - DAY_MS,
        )  # fmt: skip
        rejected = written(partition=Partition(TOPIC, 1), offset=0, key=None, value=events[0], timestamp_ms=now_ms)
        for number, letter in enumerate((unmappable, rejected)):
            headers: Any = letter.headers
            place: Any = {"partition": number, "timestamp": letter.timestamp_ms}
            producer.produce(f"{TOPIC}.dead-letter", value=letter.value, headers=headers, **place)
        assert producer.flush(30) == 0

    def _commit(self) -> None:
        admin = AdminClient({"bootstrap.servers": self._kafka.bootstrap})
        settled_beyond = encode(TopicIds(lambda: admin).id(TOPIC), 1, 3, [1])
        consumer = Consumer({"bootstrap.servers": self._kafka.bootstrap, "group.id": GROUP})
        try:
            offsets = [TopicPartition(TOPIC, 0, 1, settled_beyond), TopicPartition(TOPIC, 1, 1)]
            consumer.commit(offsets=offsets, asynchronous=False)
        finally:
            consumer.close()


@pytest.fixture
def world(kafka_from_jars: ApacheKafka, tmp_path: Path) -> Iterator[World]:
    events = re.findall(r"(?ms)^```json\n(.*?)^```$", chapter(README.read_text("utf-8")))[0]
    with Sandbox() as sandbox:
        yield World(kafka_from_jars, sandbox, tmp_path, events)


def test_the_chapter_has_each_command() -> None:
    lines = [line for line, _ in turns(chapter(README.read_text("utf-8")))]
    for command in (
        "check",
        "explain",
        "lag",
        "offsets reset",
        "replay",
        *(f"dead-letters {word}" for word in LETTERS),
    ):
        assert any(line.startswith(f"clicksend-consumer {command}") for line in lines)


@pytest.mark.kafka
def test_each_command_line_says_what_stands_below_it(world: World) -> None:
    for line, said in turns(chapter(README.read_text("utf-8"))):
        assert alike(world.play(line)) == alike(said), line
