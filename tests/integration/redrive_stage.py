"""A source topic and its dead letters, written as the worker writes them, on a real Kafka."""

from __future__ import annotations

from subprocess import CompletedProcess, Popen
from typing import Any

import orjson
from confluent_kafka import Producer

from consumer.scheduling.task import Partition
from tests.support.command import json_lines
from tests.support.dead_letters import written
from tests.support.stage import Stage
from tests.support.waiting import HANG_SECONDS

RECORD_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z


class RedriveStage:
    """The environment for tests of `dead-letters` and `replay`."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._producer = Producer({"bootstrap.servers": stage.broker.bootstrap, "linger.ms": 0})

    def record(
        self, email: str, partition: int = 0, timestamp_ms: int = RECORD_MS, **how: Any
    ) -> tuple[Partition, dict[str, Any]]:
        """Put a sign-up on the source topic; gives what a letter of it needs to know."""
        event = {"type": "identify", "traits": {"email": email, "firstName": how.pop("name", "Jane")}}
        fields = {"key": email.encode(), "value": orjson.dumps(event), "headers": [("trace", b"7")], **how}
        offsets: list[int] = []
        self._producer.produce(
            self.stage.topic,
            partition=partition,
            timestamp=timestamp_ms,
            on_delivery=lambda _error, message: offsets.append(message.offset() or 0),
            **fields,
        )
        assert self._producer.flush(HANG_SECONDS) == 0
        return Partition(self.stage.topic, partition), {**fields, "offset": offsets[0], "timestamp_ms": timestamp_ms}

    def write(self, *emails: str, **how: Any) -> None:
        """Put sign-ups on the source topic, and their letters on the dead-letter topic; `how` is the letter's."""
        place = {name: how.pop(name) for name in ("partition", "timestamp_ms", "name") if name in how}
        headers = how.pop("headers", [("trace", b"7")])
        for email in emails:
            partition, fields = self.record(email, **place)
            self.dead_letter(partition, **{**fields, "headers": headers, **how})

    def dead_letter(self, partition: Partition, dead_letter_at: int | None = None, **how: Any) -> None:
        """Write the letter of a record. letter_at -- the partition that takes it; None: the record's"""
        made = written(partition=partition, **{"group": self.stage.group, **how})
        self._producer.produce(
            self.stage.dead_letter_topic,
            partition=partition.number if dead_letter_at is None else dead_letter_at,
            key=made.key,
            value=made.value,
            headers=made.headers,  # type: ignore[arg-type]  # the stubs think of less
            timestamp=made.timestamp_ms,
        )
        assert self._producer.flush(HANG_SECONDS) == 0

    def command(self, *arguments: str, **changes: str) -> CompletedProcess[str]:
        """`clicksend-consumer` with these arguments in this world."""
        return self.stage.run(*arguments, **changes)

    def forget(self) -> None:
        """Let Kafka forget all checkpoints, as it does after offsets.retention.minutes."""
        admin = self.stage.admin
        groups = [each.group_id for each in admin.list_consumer_groups().result(HANG_SECONDS).valid]
        ours = [each for each in groups if each.startswith(f"{self.stage.group}-replay-")]
        for each in admin.delete_consumer_groups(ours).values() if ours else ():
            each.result(HANG_SECONDS)

    def started(self, *arguments: str) -> Popen[str]:
        """The same with `--format json`, begun: for a test that interrupts it."""
        return self.stage.start(*arguments, "--format", "json")

    def lines(self, *arguments: str, **changes: str) -> list[dict[str, Any]]:
        """Return the `--format json` output of a successful command."""
        done = self.command(*arguments, "--format", "json", **changes)
        assert done.returncode == 0, done.stderr
        return json_lines(done)

    def sources(self) -> list[tuple[int, bytes | None]]:
        """Partition and key of every record on the source topic."""
        return [(message.partition() or 0, message.key()) for message in self.stage.read(self.stage.topic)]
