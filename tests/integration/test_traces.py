"""Traces of a whole worker, from the record's header to the collector."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from consumer.sandbox.faults import Rule
from tests.support.collector import Answer, Collector
from tests.support.events import CONNECTOR_TRAITS, connector_example, page_view, sign_up
from tests.support.stage import Stage, stage_fixture
from tests.support.waiting import wait_until

TRACE, PRODUCER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{PRODUCER}-01".encode()
DRAIN_SECONDS = 25.0  # WORKER_DRAIN_TIMEOUT

stage = stage_fixture("in_process_broker-consumer")


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        yield collector


def test_a_sign_up_is_a_child_of_the_producers_span_with_a_child_for_each_attempt(
    stage: Stage, collector: Collector
) -> None:
    stage.faults(Rule(status=503, first=1))
    stage.produce_raw(orjson.dumps(connector_example()), headers=[("traceparent", TRACEPARENT)], partition=1)
    with stage.worker(**collector.variables) as worker:
        (record,) = worker.wait(collector.records)
        warning = next(line for line in worker.lines() if line["event"] == "delivery attempt failed, will retry")
    assert (record.trace_id, record.parent_id) == (TRACE, PRODUCER)
    assert (record.name, record.failed) == (f"process {stage.topic}", False)
    assert record.attributes["messaging.consumer.group.name"] == stage.group
    assert record.attributes["messaging.destination.partition.id"] == "1"
    assert record.attributes["messaging.kafka.offset"] == 0
    assert record.attributes["clicksend.disposition"] == "delivered"
    failed, delivered = collector.attempts(record)
    assert (failed.failed, failed.attributes["http.response.status_code"]) == (True, 503)
    assert failed.attributes["clicksend.retry.delay"] >= 0
    assert (delivered.failed, delivered.attributes["http.request.resend_count"]) == (False, 1)
    assert record.start <= failed.start <= failed.end <= delivered.start <= delivered.end <= record.end
    assert record.service["service.name"] == "clicksend-consumer"
    assert warning["trace_id"] == TRACE


def test_browsing_makes_no_span(stage: Stage, collector: Collector) -> None:
    stage.produce(*[page_view() for _ in range(200)], sign_up(1))
    with stage.worker(**collector.variables) as worker:
        worker.wait(lambda: worker.settled() == 201)
        assert worker.stop() == 0
    assert [(span.name, span.kind) for span in collector.spans()] == [
        ("POST /lists/{list_id}/contacts", "CLIENT"),
        (f"process {stage.topic}", "CONSUMER"),
    ]


def test_a_dead_letter_keeps_its_traceparent_as_it_came_and_its_span_names_the_reason(
    stage: Stage, collector: Collector
) -> None:
    came: Any = [("traceparent", b"of the past"), ("traceparent", TRACEPARENT), ("tracestate", b"vendor=1")]
    stage.produce_raw(b"{broken", headers=came)
    with stage.worker(**collector.variables) as worker:
        (record,) = worker.wait(collector.records)
        warning = next(line for line in worker.lines() if line["event"] == "record dead-lettered")
    (dead_letter,) = stage.dead_letters()
    headers: Any = dead_letter.headers()
    assert headers[:3] == came
    assert (record.trace_id, record.failed) == (TRACE, True)
    assert (record.attributes["clicksend.disposition"], record.attributes["error.type"]) == (
        "dead_lettered",
        "undecodable",
    )
    assert warning["trace_id"] == TRACE


def test_a_wait_at_the_gate_is_an_event_of_the_record(stage: Stage, collector: Collector) -> None:
    stage.produce(*[sign_up(number) for number in range(4)])
    with stage.worker(**collector.variables, DELIVERY_MAX_REQUESTS_PER_SECOND="4") as worker:
        worker.wait(lambda: len(collector.records()) == 4)
    waits = [values for record in collector.records() for name, values in record.events if name == "gate_wait"]
    assert {wait["clicksend.gate.state"] for wait in waits} == {"limited"}
    assert max(wait["clicksend.gate.seconds"] for wait in waits) > 0.25


def test_no_byte_that_is_exported_and_no_line_of_the_log_holds_personal_data(
    stage: Stage, collector: Collector
) -> None:
    event = connector_example() | {"anonymousId": "canary-visitor", "userId": "canary-user"}
    stage.faults(Rule(status=429, first=1, body='{"response_code":"canary-code"}'), Rule(status=400, nth=(3,)))
    headers: Any = [
        ("traceparent", TRACEPARENT),
        ("tracestate", b"vendor=canary-state"),
        ("baggage", b"user=canary-baggage"),
        ("x-user", b"canary-header"),
    ]
    odd: Any = [("traceparent", b"00-canary-parent"), ("canary-name", None)]
    stage.produce_raw(orjson.dumps(event), key=b"canary-key", headers=headers)
    stage.produce_raw(b'{"type":"track","event":"Signed Up","traits":{"email":"canary"}}', key=b"canary", headers=odd)
    stage.produce_raw(b"{canary-value", key=b"canary-key", headers=odd)
    stage.produce_raw(orjson.dumps(sign_up(7)), key=b"canary-key", headers=odd)
    with stage.worker(**collector.variables) as worker:
        worker.wait(lambda: worker.settled() == 4)
        assert worker.stop() == 0
        output = worker.output()
    assert len(collector.records()) >= 3
    exported = b"".join(collector.bodies()).lower()
    secrets = [*CONNECTOR_TRAITS.values(), "jane.doe@example.com", "14155550132", "u7@example.com", "canary"]
    secrets += [event["messageId"], stage.sandbox.options.api_key]
    for each in secrets:
        # the topic's and the group's names are ours, and the sandbox's user is called as its service
        assert each.lower().encode() not in exported, each
        assert each not in output, each


@pytest.mark.parametrize(
    "variables",
    [
        pytest.param({"OTEL_SDK_DISABLED": "true"}, id="disabled"),
        pytest.param({"OTEL_TRACES_EXPORTER": "none"}, id="none"),
        pytest.param({"OTEL_TRACES_SAMPLER": "always_off"}, id="nothing-is-sampled"),
    ],
)
def test_no_span_is_exported_where_none_is_wanted(
    stage: Stage, collector: Collector, variables: dict[str, str]
) -> None:
    stage.produce(sign_up(1))
    with stage.worker(**{**collector.variables, **variables}) as worker:
        worker.wait(lambda: worker.settled() == 1)
        assert worker.stop() == 0
    assert collector.requests == []


@pytest.mark.parametrize("answer", [Answer.HANG, Answer.ENDLESS, Answer.REFUSE, Answer.OVERLOADED, None])
def test_a_collector_in_trouble_costs_nothing_but_spans_and_no_time_at_a_shutdown(
    stage: Stage, answer: Answer | None
) -> None:
    with Collector(answer or Answer.ACCEPT) as collector:
        variables = {**collector.variables, "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20canary-token"}
        if answer is None:  # nothing listens there
            variables["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:1"
        stage.produce(*[sign_up(number) for number in range(300)])
        with stage.worker(**variables, OTEL_BSP_MAX_QUEUE_SIZE="64", OTEL_BSP_MAX_EXPORT_BATCH_SIZE="16") as worker:
            worker.wait(lambda: worker.settled() == 300)
            if answer not in (None, Answer.ENDLESS):
                wait_until(lambda: collector.requests)
            began = time.monotonic()
            assert worker.stop() == 0
            took = time.monotonic() - began
            lines, output = worker.lines(), worker.output()
    assert took < DRAIN_SECONDS
    assert stage.enrolled() == 300
    assert stage.lag() == 0
    assert sum(line["event"] == "spans not exported" for line in lines) <= 1
    assert not [line for line in lines if str(line.get("logger", "")).startswith(("opentelemetry", "urllib3"))]
    assert "canary-token" not in output


def test_spans_arrive_once_a_collector_is_back(stage: Stage) -> None:
    with Collector(Answer.REFUSE) as collector, stage.worker(**collector.variables) as worker:
        stage.produce(sign_up(1))
        worker.wait(lambda: collector.requests)
        collector.answer = Answer.ACCEPT
        collector.requests.clear()
        stage.produce(sign_up(2))
        worker.wait(collector.records)
        worker.wait(lambda: worker.total("clicksend_consumer_spans_total") == 4)
        assert worker.metrics()['clicksend_consumer_spans_total{result="failed"}'] > 0


def test_records_that_are_not_settled_at_a_shutdown_end_as_released(stage: Stage, collector: Collector) -> None:
    stage.faults(Rule(status=503))
    stage.produce(sign_up(1))
    with stage.worker(**collector.variables) as worker:
        worker.wait(lambda: [span for span in collector.spans() if span.kind == "CLIENT"])
        worker.stop()
    (record,) = collector.records()
    assert (record.attributes["clicksend.disposition"], record.attributes["clicksend.reason"]) == (
        "released",
        "shutdown",
    )
    assert not record.failed
