"""The spans of a record, from the intake to its end, decoded from what is exported."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import cast

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.semconv import schemas
from opentelemetry.semconv._incubating.attributes import messaging_attributes, url_attributes
from opentelemetry.semconv.attributes import error_attributes, http_attributes, server_attributes
from opentelemetry.semconv.attributes import url_attributes as stable_url_attributes

from consumer.clicksend.outcome import Outcome
from consumer.delivery.gate import GateState
from consumer.delivery.outcome_policy import Action, AwaitProbe, DeadLetter, Retry, Settle
from consumer.enrolment.decision import Enrolled, Undeliverable
from consumer.enrolment.disposition import DeadLetterReason, DeliveredReason, FilterReason
from consumer.monitoring.tracing.gate_history import GateHistory
from consumer.monitoring.tracing.sampling import SamplerName, TraceSampler
from consumer.monitoring.tracing.spans import SCHEMA_URL, SEMANTIC_CONVENTIONS, SpanBuilder, export_request
from consumer.monitoring.tracing.trace import MOST_EVENTS
from consumer.monitoring.tracing.traceparent import trace_id_of
from consumer.monitoring.tracing.tracer import Tracer
from consumer.scheduling.counts import ReleaseReason
from consumer.scheduling.offset_tracker import OffsetTracker
from consumer.scheduling.task import Headers, Partition, Task
from consumer.worker.batches import DecidedBatch, task_of
from tests.support.collector import Received, decoded
from tests.support.outcomes import ALREADY_EXISTS, DELIVERED, DOWN, REJECTED, SUSPICIOUS, TIMEOUT, UNAUTHORIZED
from tests.support.records import EVENTS, MORE_EVENTS, record

TRACE, PRODUCER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED: Headers = [("traceparent", f"00-{TRACE}-{PRODUCER}-01".encode())]
ACCEPTED = Settle(DeliveredReason.ACCEPTED)
NANO = 1_000_000_000
README = Path(__file__).parents[3] / "consumer" / "monitoring" / "README.md"


class TracedWorker:
    """A tracer with a virtual clock, and the spans that it has made."""

    def __init__(self, sampler: TraceSampler | None = None) -> None:
        self.now = 1000.0
        self.gate = GateHistory()
        self.made: list[Span] = []
        builder = SpanBuilder("group", "https://rest.clicksend.com/v3/lists/428/contacts")
        self.tracer = Tracer(sampler or TraceSampler(), builder, self.made.append, self.gate, lambda: self.now)

    def arrives(
        self, headers: Iterable[tuple[str, bytes | None]] = (), offset: int = 0, of: Partition = EVENTS
    ) -> Task:
        """A record is mapped."""
        task = Task(record(offset, of, headers=list(headers)), OffsetTracker(of, 0, 0))
        self.tracer.mapped(task, cast(Enrolled, None))
        return task

    def answered(self, task: Task, outcome: Outcome, action: Action | None, seconds: float = 0.5) -> None:
        """A request ends after so many seconds."""
        self.now += seconds
        self.tracer.answered(task, outcome, action, seconds)

    def spans(self) -> list[Received]:
        """Return what is exported."""
        return decoded(export_request({"service.name": "worker"}, self.made).SerializeToString())

    def record(self) -> Received:
        """Return the only span of a record."""
        (span,) = (span for span in self.spans() if span.kind == "CONSUMER")
        return span

    def attempts(self) -> list[Received]:
        """Return the spans of requests."""
        return [span for span in self.spans() if span.kind == "CLIENT"]


@pytest.fixture
def worker() -> TracedWorker:
    return TracedWorker()


@pytest.mark.parametrize("reason", FilterReason)
def test_an_enrolment_event_that_is_filtered_is_a_span_and_browsing_is_none(
    worker: TracedWorker, reason: FilterReason
) -> None:
    worker.tracer.filtered(record(17, headers=SAMPLED), reason)
    if reason not in worker.tracer.filtered_in_full():
        assert worker.spans() == []
        return
    span = worker.record()
    assert (span.trace_id, span.parent_id, span.failed) == (TRACE, PRODUCER, False)
    assert (span.attributes["clicksend.disposition"], span.attributes["clicksend.reason"]) == ("filtered", reason)
    assert reason in (FilterReason.NO_IDENTITY, FilterReason.NO_CONSENT)


def test_a_delivered_record_is_a_span_with_a_child_for_its_request(worker: TracedWorker) -> None:
    task = worker.arrives(SAMPLED, offset=17)
    worker.now += 2.0
    worker.answered(task, DELIVERED, ACCEPTED)
    attempt, record = worker.spans()
    assert (record.name, record.kind, record.failed) == ("process events", "CONSUMER", False)
    assert (record.trace_id, record.parent_id) == (TRACE, PRODUCER)
    assert record.attributes == {
        "messaging.system": "kafka",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": "events",
        "messaging.destination.partition.id": "0",
        "messaging.consumer.group.name": "group",
        "messaging.kafka.offset": 17,
        "clicksend.disposition": "delivered",
        "clicksend.reason": "accepted",
        "clicksend.attempts": 1,
    }
    assert (attempt.name, attempt.kind, attempt.failed) == ("POST /lists/{list_id}/contacts", "CLIENT", False)
    assert (attempt.trace_id, attempt.parent_id) == (TRACE, record.span_id)
    assert attempt.attributes == {
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "url.full": "https://rest.clicksend.com/v3/lists/428/contacts",
        "url.template": "/lists/{list_id}/contacts",
        "server.address": "rest.clicksend.com",
        "server.port": 443,
        "clicksend.outcome": "delivered",
        "clicksend.action": "settle",
        "clicksend.response_code": "SUCCESS",
    }
    assert (attempt.start - record.start, attempt.end - attempt.start) == (2 * NANO, NANO // 2)
    assert record.end == attempt.end
    assert {span.schema_url for span in (attempt, record)} == {SCHEMA_URL}


def test_names_are_those_of_the_pinned_conventions(worker: TracedWorker) -> None:
    modules = [messaging_attributes, url_attributes, error_attributes, http_attributes, server_attributes]
    names = (value for module in [*modules, stable_url_attributes] for value in vars(module).values())
    known = {value for value in names if isinstance(value, str)}
    task = worker.arrives()
    worker.answered(task, DOWN, Retry(worker.now))
    worker.answered(task, REJECTED, DeadLetter(DeadLetterReason.REJECTED))
    worker.tracer.dead_letter_written(task)
    used = {name for span in worker.spans() for name in span.attributes if not name.startswith("clicksend.")}
    assert used <= known
    assert f"https://opentelemetry.io/schemas/{SEMANTIC_CONVENTIONS}" in {each.value for each in schemas.Schemas}


def test_the_documentation_lists_every_attribute_and_no_other(worker: TracedWorker) -> None:
    task = worker.arrives()
    worker.gate.closed(GateState.LIMITED, worker.now)
    worker.now += 1.0
    worker.answered(task, DOWN, Retry(worker.now))
    worker.answered(task, REJECTED, DeadLetter(DeadLetterReason.REJECTED))
    worker.tracer.dead_letter_failed(task, "_TIMED_OUT")
    worker.tracer.dead_letter_written(task)
    made = {name for _, attributes in worker.record().events for name in attributes}
    (event,) = mapped(worker, batch_of(1))
    worker.answered(event, DELIVERED, ACCEPTED)
    made |= {name for span in worker.spans() for name in span.attributes}
    page = README.read_text("utf-8").partition("| attribute |")[2].partition("\n\n")[0]
    cells = " ".join(line.split("|")[1] for line in page.splitlines()[2:])
    assert set(re.findall(r"`([\w.]+)`", cells)) == made
    assert f"conventions {SEMANTIC_CONVENTIONS}" in README.read_text("utf-8")


@pytest.mark.parametrize(
    "headers", [[], [("traceparent", b"broken")], [("traceparent", None)], [("tracestate", b"a=1")]]
)
def test_without_a_producers_span_the_trace_begins_here(worker: TracedWorker, headers: Headers) -> None:
    for offset in range(2):
        worker.answered(worker.arrives(headers, offset), DELIVERED, ACCEPTED)
    one, other = (span for span in worker.spans() if span.kind == "CONSUMER")
    assert (one.parent_id, other.parent_id) == ("", "")
    assert len({one.trace_id, other.trace_id, TRACE, "0" * 32}) == 4


@pytest.mark.parametrize("flags", [b"00", b"02"])
def test_an_unsampled_record_is_no_trace_at_all(worker: TracedWorker, flags: bytes) -> None:
    task = worker.arrives([("traceparent", f"00-{TRACE}-{PRODUCER}-".encode() + flags)])
    assert task.trace is None
    worker.answered(task, DOWN, DeadLetter(DeadLetterReason.REJECTED))
    worker.tracer.dead_letter_failed(task, "_TIMED_OUT")
    worker.tracer.dead_letter_written(task)
    worker.tracer.duplicate(task)
    worker.tracer.close()
    assert worker.made == []
    assert trace_id_of(task) == TRACE


def test_the_ratio_counts_where_the_record_has_no_parent() -> None:
    worker = TracedWorker(TraceSampler(SamplerName.PARENT_BASED_TRACE_ID_RATIO, 0.0))
    assert worker.arrives().trace is None
    assert worker.arrives(SAMPLED).trace is not None


def test_a_log_line_of_a_trace_that_begins_here_names_it(worker: TracedWorker) -> None:
    task = worker.arrives()
    worker.answered(task, DELIVERED, ACCEPTED)
    assert trace_id_of(task) == worker.record().trace_id


def test_each_attempt_tells_its_outcome_and_the_delay_before_the_next(worker: TracedWorker) -> None:
    task = worker.arrives(SAMPLED)
    worker.answered(task, DOWN, Retry(worker.now + 0.5 + 4.0))
    worker.now += 4.0
    worker.answered(task, TIMEOUT, Retry(worker.now))
    worker.answered(task, ALREADY_EXISTS, Settle(DeliveredReason.ALREADY_EXISTS))
    down, timeout, exists = worker.attempts()
    assert (down.failed, down.attributes["error.type"]) == (True, "server_error")
    assert (down.attributes["clicksend.action"], down.attributes["clicksend.retry.delay"]) == ("retry", 4.0)
    assert "http.request.resend_count" not in down.attributes
    assert (timeout.failed, timeout.attributes["error.type"]) == (True, "timeout")
    assert "http.response.status_code" not in timeout.attributes
    assert (timeout.attributes["clicksend.retry.delay"], timeout.attributes["http.request.resend_count"]) == (0.0, 1)
    assert (exists.failed, exists.attributes["clicksend.outcome"]) == (False, "already_exists")
    assert exists.attributes["http.request.resend_count"] == 2
    assert (worker.record().attributes["clicksend.attempts"], worker.record().failed) == (3, False)


@pytest.mark.parametrize(
    ("outcome", "action", "error", "done"),
    [
        (REJECTED, DeadLetter(DeadLetterReason.REJECTED), "400", "dead_letter"),
        (SUSPICIOUS, AwaitProbe(), "403", "await_probe"),
        (UNAUTHORIZED, Retry(0.0), "unauthorized", "retry"),
        (DELIVERED, None, None, "release"),
    ],
)
def test_an_attempt_names_the_error_and_the_next_step(
    worker: TracedWorker, outcome: Outcome, action: Action | None, error: str | None, done: str
) -> None:
    worker.answered(worker.arrives(), outcome, action)
    (attempt,) = worker.attempts()
    assert (attempt.attributes.get("error.type"), attempt.attributes["clicksend.action"]) == (error, done)
    assert attempt.failed == (error is not None)


def test_a_dead_letter_is_a_failed_span_with_its_reason_and_the_writes_that_failed(worker: TracedWorker) -> None:
    task = worker.arrives(SAMPLED)
    task.reason = DeadLetterReason.UNMAPPABLE
    worker.tracer.dead_letter_failed(task, "_TIMED_OUT")
    worker.tracer.dead_letter_written(task)
    record = worker.record()
    assert (record.failed, record.attributes["error.type"]) == (True, "unmappable")
    assert record.attributes["clicksend.disposition"] == "dead_lettered"
    assert record.events == [("dead_letter_failed", {"error.type": "_TIMED_OUT"})]


def test_a_duplicate_is_filtered(worker: TracedWorker) -> None:
    worker.tracer.duplicate(worker.arrives())
    record = worker.record()
    assert (record.attributes["clicksend.disposition"], record.attributes["clicksend.reason"]) == (
        "filtered",
        "duplicate",
    )
    assert not record.failed


def test_waits_at_the_gate_are_events_and_the_delay_of_a_retry_is_none(worker: TracedWorker) -> None:
    task = worker.arrives()  # at 1000
    worker.gate.closed(GateState.LIMITED, 1001.0)
    worker.gate.opened(1003.0)
    worker.now = 1003.0
    worker.answered(task, DOWN, Retry(1010.0))
    worker.gate.closed(GateState.BREAKER, 1004.0)
    worker.gate.opened(1012.0)
    worker.now = 1012.0
    worker.answered(task, DELIVERED, ACCEPTED)
    assert worker.record().events == [
        ("gate_wait", {"clicksend.gate.state": "limited", "clicksend.gate.seconds": 2.0}),
        ("gate_wait", {"clicksend.gate.state": "breaker", "clicksend.gate.seconds": 2.0}),
    ]


def test_a_released_record_ends_with_its_partition_and_shows_what_it_waited_for(worker: TracedWorker) -> None:
    task, other = worker.arrives(), worker.arrives(of=MORE_EVENTS)
    worker.gate.closed(GateState.HALTED, 1000.0)
    worker.now += 5.0
    worker.tracer.released([EVENTS], ReleaseReason.REVOKED)
    record = worker.record()
    assert record.attributes["clicksend.disposition"] == "released"
    assert record.attributes["clicksend.reason"] == "revoked"
    assert record.events == [("gate_wait", {"clicksend.gate.state": "halted", "clicksend.gate.seconds": 5.0})]
    worker.answered(task, DELIVERED, None)  # the response comes late: its span is exported, the record's is not again
    worker.tracer.dead_letter_written(task)
    assert len(worker.spans()) == 2
    worker.answered(other, DELIVERED, ACCEPTED)
    assert len(worker.spans()) == 4


def test_a_record_that_is_delivered_twice_has_two_spans_in_the_same_trace(worker: TracedWorker) -> None:
    worker.arrives(SAMPLED)
    worker.tracer.released([EVENTS], ReleaseReason.REWOUND)
    worker.answered(worker.arrives(SAMPLED), DELIVERED, ACCEPTED)
    records = [span for span in worker.spans() if span.kind == "CONSUMER"]
    assert [(span.trace_id, span.parent_id) for span in records] == [(TRACE, PRODUCER)] * 2
    assert len({span.span_id for span in records}) == 2


def batch_of(delivered: int, failed: int = 0) -> Task:
    """Return the task of a record with several events."""
    decided = DecidedBatch(delivered + failed)
    enrolled = Enrolled("Signed Up", ("a@example.com",), b"{}", (), {})
    decided.enrolled = dict.fromkeys(range(delivered), enrolled)
    fault = Undeliverable(DeadLetterReason.UNMAPPABLE, "no identity is usable")
    decided.failed = dict.fromkeys(range(delivered, delivered + failed), fault)
    return task_of(record(5, headers=SAMPLED), OffsetTracker(EVENTS, 0, 0), decided)


def mapped(worker: TracedWorker, record: Task) -> list[Task]:
    """Map a record with several events, as the intake does it. Return the tasks of those to deliver."""
    worker.tracer.batch_mapped(record)
    events = list(record.deliveries) if record.batch is not None and record.batch.open else []
    for event in events:
        worker.tracer.mapped(event, cast(Enrolled, None))
    return events


def test_each_event_of_a_batch_is_a_span_of_its_own(worker: TracedWorker) -> None:
    accepted, rejected, probed = mapped(worker, record := batch_of(3, failed=1))
    worker.answered(rejected, REJECTED, DeadLetter(DeadLetterReason.REJECTED))
    worker.answered(accepted, DELIVERED, ACCEPTED)
    worker.answered(probed, SUSPICIOUS, AwaitProbe())
    assert record.batch is not None
    record.batch.settle(probed, DeadLetterReason.REJECTED)  # after its probe, of which no observer is told
    worker.tracer.dead_letter_written(record)
    records = [span for span in worker.spans() if span.kind == "CONSUMER"]
    assert [(span.attributes["clicksend.batch.index"], span.failed) for span in records] == [
        (1, True),
        (0, False),
        (2, True),
    ]
    assert {(span.trace_id, span.parent_id, span.attributes["messaging.kafka.offset"]) for span in records} == {
        (TRACE, PRODUCER, 5)
    }
    assert {span.parent_id for span in worker.attempts()} == {span.span_id for span in records}


def test_a_batch_without_an_event_to_deliver_is_one_span(worker: TracedWorker) -> None:
    record = batch_of(0, failed=3)
    assert mapped(worker, record) == []
    worker.tracer.dead_letter_written(record)
    span = worker.record()
    assert (span.trace_id, span.attributes["error.type"]) == (TRACE, "unmappable")
    assert "clicksend.batch.index" not in span.attributes


def test_at_the_end_every_open_span_is_released(worker: TracedWorker) -> None:
    worker.arrives()
    worker.tracer.close()
    assert worker.record().attributes["clicksend.reason"] == "shutdown"
    worker.tracer.close()
    assert len(worker.made) == 1


def test_a_record_that_fails_for_days_keeps_its_first_events(worker: TracedWorker) -> None:
    task = worker.arrives()
    for _ in range(MOST_EVENTS + 10):
        worker.tracer.dead_letter_failed(task, "_TIMED_OUT")
    worker.tracer.dead_letter_written(task)
    assert len(worker.record().events) == MOST_EVENTS


def test_a_step_of_the_clock_reorders_nothing(worker: TracedWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    task = worker.arrives()
    monkeypatch.setattr("time.time_ns", lambda: 0)
    worker.answered(task, DELIVERED, ACCEPTED)
    attempt, record = worker.spans()
    assert record.start <= attempt.start <= attempt.end <= record.end


def test_nothing_of_the_sdk_is_loaded_for_traces() -> None:
    """The extra is the messages alone; the SDK is what the tests hold them against."""
    package = Path(__file__).parents[3] / "consumer"
    assert not [path for path in package.rglob("*.py") if "opentelemetry.sdk" in path.read_text("utf-8")]
