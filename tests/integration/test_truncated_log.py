"""A log that was truncated between two runs of a group: it goes on where the old log and the new one part.

An unclean election needs several brokers. To the group it is no other than this: its committed offset has an older
leader epoch than the record that now stands before it. A broker that restarts begins a new epoch.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from confluent_kafka import TopicPartition

from consumer.sandbox.server import Sandbox
from tests.kafka.apache import ApacheKafka
from tests.support.stage import Stage

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
BEFORE, AFTER = 40, 20
COMMITTED = 45  # in the log that is gone: 40 records of its last epoch are still there


def sign_ups(stage: Stage, numbers: range) -> None:
    for number in numbers:
        value = b'{"type":"identify","traits":{"email":"u%d@example.com"}}' % number
        stage.produce_raw(value, partition=0)


def epochs(stage: Stage) -> dict[int, int]:
    """The leader epoch of each record."""
    return {each.offset() or 0: each.leader_epoch() or 0 for each in stage.read(stage.topic)}


def restart(kafka: ApacheKafka, stage: Stage) -> None:
    kafka.stop()
    kafka.start()
    stage.ends()  # every partition has a leader again


def test_nothing_that_was_written_since_is_skipped_and_the_rest_is_not_repeated(
    kafka_from_jars: ApacheKafka, tmp_path: Path
) -> None:
    with Sandbox() as sandbox:
        stage = Stage(kafka_from_jars, "classic", sandbox, tmp_path)
        sign_ups(stage, range(BEFORE))
        restart(kafka_from_jars, stage)
        sign_ups(stage, range(BEFORE, BEFORE + AFTER))
        old, new = epochs(stage)[0], epochs(stage)[BEFORE]
        assert old < new
        for name, protocol, reset, epoch, delivered in (
            ("parted-latest", "classic", "latest", old, AFTER),
            ("parted-earliest", "consumer", "earliest", old, AFTER),
            ("no-epoch", "classic", "latest", new + 7, BEFORE + AFTER),
            ("the-same-log", "consumer", "latest", new, BEFORE + AFTER - COMMITTED),
        ):
            stage.group, stage.protocol = f"{stage.topic}-{name}", protocol
            stage.commit(TopicPartition(stage.topic, 0, COMMITTED, "", epoch))
            assert run_to_the_end(stage, reset) == (delivered, new), name


def run_to_the_end(stage: Stage, reset: str) -> tuple[int, int | None]:
    """A worker settles all there is; gives how many contacts it has delivered, and the epoch that it has committed."""
    before = len(stage.payloads())
    with stage.worker(KAFKA_AUTO_OFFSET_RESET=reset) as worker:
        worker.wait(lambda: stage.committed()[0].offset == BEFORE + AFTER)
        assert worker.stop() == 0
    return len(stage.payloads()) - before, stage.committed()[0].leader_epoch
