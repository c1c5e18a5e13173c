"""DELIVERY_DEDUPLICATE: the last delivery is not repeated while no other worker may have delivered."""

from __future__ import annotations

from tests.support.events import identify
from tests.support.stage import Stage
from tests.support.worker_process import WorkerProcess

DUPLICATES = 'clicksend_consumer_records_settled_total{disposition="filtered",reason="duplicate"}'


def tell(stage: Stage, worker: WorkerProcess, last_name: str) -> None:
    """The person identifies again, and that is settled."""
    settled = worker.settled()
    stage.produce(identify(1, last_name=last_name))
    worker.wait(lambda: worker.settled() == settled + 1)


def delivered_names(stage: Stage) -> list[str]:
    return [payload["last_name"] for payload in stage.payloads()]


def test_an_equal_identify_is_not_sent_a_changed_one_is_and_after_a_restart_it_is_sent_again(stage: Stage) -> None:
    with stage.worker(DELIVERY_DEDUPLICATE="100") as worker:
        for name in ("Doe", "Doe", "Roe", "Roe", "Doe"):
            tell(stage, worker, name)
        assert worker.metrics()[DUPLICATES] == 2
        assert worker.stop() == 0
    assert delivered_names(stage) == ["Doe", "Roe", "Doe"]
    assert stage.lag() == 0
    with stage.worker(DELIVERY_DEDUPLICATE="100") as worker:
        tell(stage, worker, "Doe")
    assert delivered_names(stage) == ["Doe", "Roe", "Doe", "Doe"]


def test_after_a_rebalance_it_is_sent_again(stage: Stage) -> None:
    with stage.worker(DELIVERY_DEDUPLICATE="100") as first:
        tell(stage, first, "Doe")
        tell(stage, first, "Doe")
        assert delivered_names(stage) == ["Doe"]
        with stage.worker(DELIVERY_DEDUPLICATE="100") as second:
            first.wait(lambda: [worker.assigned() for worker in (first, second)] == [2, 2])
            stage.produce(identify(1, last_name="Doe"))
            first.wait(lambda: len(delivered_names(stage)) == 2)


def test_without_deduplication_every_identify_is_sent(stage: Stage) -> None:
    with stage.worker() as worker:
        for _ in range(3):
            tell(stage, worker, "Doe")
    assert delivered_names(stage) == ["Doe"] * 3
