"""Topics deleted and recreated during consumption. On Apache Kafka: the in-process broker deletes none."""

from __future__ import annotations

from tests.kafka.reading import retrying
from tests.support.events import sign_up
from tests.support.stage import PARTITIONS, Stage, on_each_protocol, stage_fixture
from tests.support.waiting import HANG_SECONDS

stage = stage_fixture(*on_each_protocol("apache_kafka"))


def delete(stage: Stage) -> None:
    stage.admin.delete_topics([stage.topic])[stage.topic].result(HANG_SECONDS)


def create(stage: Stage) -> None:
    """Create the topic; until the broker has done with the deletion, it refuses."""
    retrying(lambda: stage.broker.create_topic(stage.topic, PARTITIONS))


def test_all_records_of_a_topic_that_was_created_again_are_delivered(stage: Stage) -> None:
    """The new topic is longer than the old one: the classic protocol says nothing and goes on in its middle."""
    stage.produce(*[sign_up(number) for number in range(20)])
    with stage.worker() as worker:
        worker.wait(lambda: stage.enrolled() == 20)
        worker.wait(lambda: stage.lag() == 0)
        delete(stage)
        create(stage)
        stage.produce(*[sign_up(number) for number in range(100, 300)])
        worker.wait(lambda: stage.enrolled() == 220)
        worker.wait(lambda: stage.lag() == 0)
        assert worker.stop() == 0


def test_a_topic_that_is_gone_makes_the_worker_unready_until_it_is_there_again(stage: Stage) -> None:
    stage.produce(sign_up(0))
    with stage.worker() as worker:
        worker.wait(lambda: stage.enrolled() == 1)
        delete(stage)
        worker.wait(lambda: worker.readiness()[1]["state"] == "topic_missing")
        assert stage.topic in worker.readiness()[1]["detail"]
        assert worker.liveness()[0] == 200
        create(stage)
        worker.wait(lambda: worker.readiness()[0] == 200)
        stage.produce(sign_up(1))
        worker.wait(lambda: stage.enrolled() == 2)
        assert worker.stop() == 0
