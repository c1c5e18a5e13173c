"""The whole worker, from topic to contact list, on the in-process broker and on Apache Kafka."""

from __future__ import annotations

import signal
import time

import orjson
import pytest

from consumer.sandbox.faults import ConnectionFault, Rule
from tests.kafka.apache import ApacheKafka
from tests.support.events import CONNECTOR_CONTACT, connector_example, identify, page_view, sign_up
from tests.support.stage import PARTITIONS, Stage, stage_fixture

AWAY_SECONDS = 24.0  # 6 without an answer, PATIENCE, ANSWER_SECONDS, and some

breakable_stage = stage_fixture("kafka_from_jars-classic")  # its Kafka may be broken


def test_the_connector_pages_example_arrives_as_the_payload_printed_there(stage: Stage) -> None:
    stage.produce(connector_example())
    with stage.worker() as worker:
        worker.wait(stage.sandbox.requests)
    assert stage.payloads() == [CONNECTOR_CONTACT]


def test_every_record_ends_in_one_disposition_and_all_of_them_are_committed(stage: Stage) -> None:
    stage.produce(*[page_view() for _ in range(50)], *[sign_up(number) for number in range(20)], raw=[b"{broken", None])
    with stage.worker() as worker:
        worker.wait(lambda: worker.settled() == 72)
        metrics = worker.metrics()
        assert worker.stop() == 0
    assert metrics['clicksend_consumer_records_settled_total{disposition="delivered",reason="accepted"}'] == 20
    assert metrics['clicksend_consumer_records_settled_total{disposition="filtered",reason="not_enrolment"}'] == 50
    assert metrics['clicksend_consumer_records_settled_total{disposition="filtered",reason="tombstone"}'] == 1
    assert metrics['clicksend_consumer_records_settled_total{disposition="dead_lettered",reason="undecodable"}'] == 1
    assert metrics["clicksend_consumer_records_consumed_total"] == 72
    assert stage.lag() == 0


def test_one_contacts_events_arrive_in_order(stage: Stage) -> None:
    stage.produce(*[identify(number % 5, last_name=f"v{number:03}") for number in range(200)])
    with stage.worker() as worker:
        worker.wait(lambda: worker.settled() == 200)
    assert len(stage.payloads()) == 200
    for number in range(5):
        mine = [payload["last_name"] for payload in stage.payloads() if payload["email"] == f"u{number}@example.com"]
        assert mine == sorted(mine)


def test_after_a_stop_nothing_is_delivered_again(stage: Stage) -> None:
    stage.faults(Rule(delay=0.2))  # so that the stop comes in the midst of it
    stage.produce(*[sign_up(number) for number in range(300)])
    with stage.worker(DELIVERY_CONCURRENCY="4") as worker:
        worker.wait(lambda: len(stage.sandbox.requests()) > 10)
        assert worker.stop() == 0
    assert len(stage.payloads()) < 300
    stage.faults()
    with stage.worker() as worker:
        worker.wait(lambda: len({payload["email"] for payload in stage.payloads()}) == 300)
        assert worker.stop() == 0
    assert len(stage.payloads()) == 300
    assert stage.lag() == 0


@pytest.mark.slow
def test_a_kill_loses_nothing_and_repeats_nothing_that_was_committed_as_settled(stage: Stage) -> None:
    stage.faults(Rule(contact=("u0@example.com",), status=503), Rule(delay=0.05))
    stage.produce(*[sign_up(number) for number in range(400)])
    missed_soon = stage.miss_soon()
    with stage.worker(DELIVERY_CONCURRENCY="8", **missed_soon) as worker:
        worker.wait(lambda: all(stage.settled_by_commit()))
        worker.kill()
    before = len(stage.payloads())
    claimed = set[str]().union(*stage.settled_by_commit())
    stage.faults()
    with stage.worker(**missed_soon) as worker:
        worker.wait(lambda: stage.enrolled() == 400)
        worker.wait(lambda: stage.lag() == 0)
        skipped = worker.total("clicksend_consumer_records_skipped_total")
    again = {payload["email"] for payload in stage.payloads()[before:]}
    assert not again & claimed
    assert skipped > 0, (
        "records settled beyond the committable offset, which waits for u0, are known from the commit metadata"
    )


def test_an_outage_loses_nothing_and_the_group_keeps_polling(stage: Stage) -> None:
    with stage.worker(RETRY_MAX_DELAY="1") as worker:
        worker.wait_ready()
        stage.faults(Rule(status=503))
        stage.produce(*[sign_up(number) for number in range(30)])
        worker.wait(lambda: worker.metrics()['clicksend_consumer_gate_state{state="breaker"}'] == 1)
        requests = len(stage.sandbox.requests())
        worker.wait(lambda: len(stage.sandbox.requests()) >= requests + 2)  # the breaker's trials
        stage.faults()
        worker.wait(lambda: stage.enrolled() == 30)
        assert worker.liveness()[0] == 200
        assert worker.total("clicksend_consumer_retries_total") > 0
    refused = [entry.received_at for entry in stage.sandbox.requests() if entry.status == 503]
    lasted = max(refused) - min(refused)
    assert len(refused) < 30 + 5 * max(1, lasted), "each contact once, and then the breaker's trials"


@pytest.mark.kafka
@pytest.mark.slow
def test_kafka_may_be_away_for_longer_than_any_request_waits(
    breakable_stage: Stage, kafka_from_jars: ApacheKafka
) -> None:
    """librdkafka aborted the process where a request to the coordinator had timed out before Kafka was back."""
    stage = breakable_stage
    with stage.worker(**stage.miss_soon()) as worker:
        stage.produce(sign_up(0))
        worker.wait(lambda: stage.enrolled() == 1)
        kafka_from_jars.kill()
        time.sleep(AWAY_SECONDS)
        kafka_from_jars.start()
        stage.produce(sign_up(1))
        worker.wait(lambda: stage.enrolled() == 2)
        assert worker.stop() == 0


def test_what_clicksend_rejects_becomes_a_dead_letter_with_the_original_bytes(stage: Stage) -> None:
    stage.faults(Rule(contact=("u1@example.com",), status=400, code="BAD_REQUEST"))
    record = sign_up(1)
    stage.produce(sign_up(0), record, sign_up(2))
    with stage.worker() as worker:
        worker.wait(lambda: worker.settled() == 3)
    (dead_letter,) = stage.dead_letters()
    headers = stage.headers(dead_letter)
    assert dead_letter.value() == orjson.dumps(record)
    assert headers["clicksend.reason"] == "rejected"
    assert headers["clicksend.http.status"] == "400"
    assert headers["clicksend.vendor.code"] == "BAD_REQUEST"
    assert headers["__connect.errors.topic"] == stage.topic
    assert "u1@example.com" not in "".join(headers.values())


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        pytest.param(b"{broken", "undecodable", id="not JSON"),
        pytest.param(b"\xff\xfe", "undecodable", id="not UTF-8"),
        pytest.param(
            orjson.dumps(sign_up(0) | {"traits": {"phone": "call me"}}), "unmappable", id="no usable identity"
        ),
    ],
)
def test_a_record_that_can_never_be_a_contact_is_kept_as_it_is(stage: Stage, record: bytes, reason: str) -> None:
    stage.produce(raw=[record])
    with stage.worker() as worker:
        worker.wait(lambda: worker.settled() == 1)
    (dead_letter,) = stage.dead_letters()
    assert dead_letter.value() == record
    assert stage.headers(dead_letter)["clicksend.reason"] == reason


def test_a_wrong_key_halts_and_a_corrected_key_file_resumes(stage: Stage) -> None:
    key = stage.folder / "key"
    key.write_text("wrong")
    stage.produce(*[sign_up(number) for number in range(10)])
    with stage.worker(CLICKSEND_API_KEY=None, CLICKSEND_API_KEY_FILE=str(key), DELIVERY_PROBE_INTERVAL="0.3") as worker:
        worker.wait(lambda: worker.metrics()['clicksend_consumer_delivery_halted{reason="unauthorized"}'] == 1)
        status, body = worker.readiness()
        assert status == 503
        assert "CLICKSEND_API_KEY" in body["detail"]
        assert stage.dead_letters() == []
        key.write_text(stage.sandbox.options.api_key + "\n")
        worker.wait(lambda: stage.enrolled() == 10)
        worker.wait_ready()
    assert stage.sandbox.options.api_key not in worker.output()


def test_an_unknown_list_halts_and_no_record_becomes_a_dead_letter(stage: Stage) -> None:
    stage.produce(*[sign_up(number) for number in range(40)])
    with stage.worker(CLICKSEND_LIST_ID="999", DELIVERY_PROBE_INTERVAL="0.3") as worker:
        worker.wait(lambda: worker.readiness()[1]["state"] == "halted")
        worker.wait(lambda: worker.metrics()["clicksend_consumer_records_in_progress"] == 40)
    assert stage.dead_letters() == []


@pytest.mark.parametrize("after", [0.0, 0.1, 0.2])
def test_a_stop_while_it_joins_the_group_is_an_orderly_one(stage: Stage, after: float) -> None:
    with stage.worker() as worker:
        worker.wait(lambda: "consumer started" in worker.events())
        time.sleep(after)  # somewhere in the middle of the first assignment
        assert worker.stop() == 0


def test_a_second_signal_ends_it_at_once(stage: Stage) -> None:
    stage.faults(Rule(connection=ConnectionFault.HANG))
    stage.produce(sign_up(0))
    patient = {"WORKER_DRAIN_TIMEOUT": "600", "CLICKSEND_READ_TIMEOUT": "600", "CLICKSEND_TOTAL_TIMEOUT": "600"}
    with stage.worker(**patient) as worker:
        worker.wait(lambda: worker.metrics()['clicksend_consumer_records_by_stage{stage="in_flight"}'] == 1)
        worker.send(signal.SIGTERM)
        worker.wait(lambda: "shutting down" in worker.events())
        worker.send(signal.SIGTERM)
        assert worker.ended() == 1


def test_a_drain_that_runs_out_of_time_is_visible_in_the_exit_status(stage: Stage) -> None:
    stage.faults(Rule(connection=ConnectionFault.HANG))
    stage.produce(sign_up(0))
    with stage.worker(WORKER_DRAIN_TIMEOUT="0.5") as worker:
        worker.wait(lambda: worker.metrics()['clicksend_consumer_records_by_stage{stage="in_flight"}'] == 1)
        assert worker.stop() == 1


@pytest.mark.slow
def test_two_workers_share_the_topic_and_deliver_everything_once(stage: Stage) -> None:
    stage.faults(Rule(delay=0.2))  # so that the second comes in the midst of it
    with stage.worker(DELIVERY_CONCURRENCY="4") as first:
        first.wait_ready()
        stage.produce(*[sign_up(number) for number in range(300)])
        with stage.worker(DELIVERY_CONCURRENCY="4") as second:
            second.wait(lambda: second.assigned() == PARTITIONS / 2)
            stage.faults()
            second.wait(lambda: stage.enrolled() == 300)
            second.wait(lambda: stage.lag() == 0)
            assert second.stop() == 0
        assert first.stop() == 0
    if stage.is_apache:  # the mock cluster refuses some commits of a classic rebalance that a real broker takes
        assert len(stage.payloads()) == 300
