"""KAFKA_GROUP_INSTANCE_ID: a worker that restarts in time keeps its partitions (KIP-345)."""

from __future__ import annotations

import pytest

from tests.support.events import sign_up
from tests.support.stage import PARTITIONS, Stage, on_each_protocol, stage_fixture
from tests.support.worker_process import WorkerProcess

pytestmark = pytest.mark.slow
stage = stage_fixture(*on_each_protocol("apache_kafka"))


def moves(worker: WorkerProcess) -> float:
    """Return the number of revoked and lost partitions."""
    metrics = worker.metrics()
    left = [f'clicksend_consumer_rebalances_total{{event="{event}"}}' for event in ("revoked", "lost")]
    return sum(metrics.get(name, 0) for name in left)


def test_a_restart_within_the_session_moves_no_partition(stage: Stage) -> None:
    stage.produce(*[sign_up(number) for number in range(40)])
    with stage.worker(KAFKA_GROUP_INSTANCE_ID="b") as other:
        other.wait_ready()
        with stage.worker(KAFKA_GROUP_INSTANCE_ID="a") as worker:
            worker.wait(lambda: worker.assigned() == PARTITIONS / 2)
            other.wait(lambda: other.assigned() == PARTITIONS / 2)
            moved = moves(other)
            assert worker.stop() == 0
        stage.produce(*[sign_up(number) for number in range(100, 140)])
        with stage.worker(KAFKA_GROUP_INSTANCE_ID="a") as worker:
            worker.wait(lambda: worker.assigned() == PARTITIONS / 2)
            worker.wait(lambda: stage.enrolled() == 80)
            assert moves(other) == moved
            assert worker.stop() == 0
        assert other.stop() == 0
    assert len(stage.payloads()) == 80


def test_a_second_worker_of_the_same_name_ends_one_of_the_two_with_a_clear_word(stage: Stage) -> None:
    """The classic protocol fences the older one, KIP-848 refuses the newer one. None goes on alive and idle."""
    with stage.worker(KAFKA_GROUP_INSTANCE_ID="a") as first:
        first.wait_ready()
        with stage.worker(KAFKA_GROUP_INSTANCE_ID="a") as second:
            fenced = first if stage.protocol == "classic" else second
            assert fenced.ended() == 70
            assert "KAFKA_GROUP_INSTANCE_ID" in fenced.output()
