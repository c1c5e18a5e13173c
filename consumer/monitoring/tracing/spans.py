"""The spans of a record, made when they have ended: OpenTelemetry's messages, with the names of its conventions.

No attribute holds an identity, a key, a message id or any other value of the record: only where it lies in Kafka, and
what the worker and ClickSend made of it.

The messages are filled directly. OpenTelemetry's SDK makes a span with a lock and bounded collections first, and its
encoder then takes ten times as long as this: more than all other work for a contact.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, SpanFlags, Status

from consumer import __version__
from consumer.clicksend.outcome import Outcome, Result
from consumer.delivery.outcome_policy import Action, AwaitProbe, DeadLetter, Retry, Settle
from consumer.enrolment.disposition import Disposition
from consumer.monitoring.tracing.trace import RecordTrace, new_id

SEMANTIC_CONVENTIONS = "1.44.0"
"""The version that names and values are from: spans of messaging, Kafka and HTTP clients.

https://github.com/open-telemetry/semantic-conventions/tree/v1.44.0/docs
"""
SCHEMA_URL = f"https://opentelemetry.io/schemas/{SEMANTIC_CONVENTIONS}"
SCOPE = "clicksend-consumer"
OPERATION = "process"
URL_TEMPLATE = "/lists/{list_id}/contacts"

_KNOWN, _REMOTE = SpanFlags.SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK, SpanFlags.SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK
_SAMPLED = 0x01
_ACTIONS: dict[type[Action], str] = {
    Settle: "settle",
    Retry: "retry",
    AwaitProbe: "await_probe",
    DeadLetter: "dead_letter",
}
_RELEASED = "release"  # the partition is no longer owned: the response is ignored

Value = str | int | float


def export_request(resource: Mapping[str, Value], spans: Iterable[Span]) -> ExportTraceServiceRequest:
    """Return the request that exports these spans. `resource` describes this process."""
    request = ExportTraceServiceRequest()
    by_resource = request.resource_spans.add(schema_url=SCHEMA_URL)
    _add(by_resource.resource, resource)
    by_scope = by_resource.scope_spans.add(schema_url=SCHEMA_URL)
    by_scope.scope.name, by_scope.scope.version = SCOPE, __version__
    by_scope.spans.extend(spans)
    return request


class SpanBuilder:
    """Build the spans of one worker.

    group -- the consumer group
    url   -- that contacts are sent to, without credentials
    """

    def __init__(self, group: str, url: str) -> None:
        self._group = group
        address = urlsplit(url)
        self._request: dict[str, Value] = {
            "http.request.method": "POST",
            "url.full": url,
            "url.template": URL_TEMPLATE,
            "server.address": address.hostname or "",
            "server.port": address.port or (443 if address.scheme == "https" else 80),
        }
        # Spans that are equal but for ids, times and counts are copied: keys are from closed sets, and few.
        self._templates: dict[tuple[object, ...], Span] = {}

    def record(self, trace: RecordTrace, disposition: Disposition | str, reason: str, ended_at: float) -> Span:
        """Return the span of a record that is settled, or released with its partition, at `ended_at` (monotonic)."""
        key = (trace.record.partition, disposition, reason)
        template = self._templates.get(key) or self._record_template(trace, disposition, reason, key)
        span = _copy(template, trace, trace.span_id, (trace.began_ns, trace.wall_ns(ended_at)))
        span.flags = _SAMPLED | _KNOWN
        if trace.parent is not None:
            span.parent_span_id = bytes.fromhex(trace.parent.span_id.decode())
            span.flags |= _REMOTE
        _add(span, {"messaging.kafka.offset": trace.record.offset, "clicksend.attempts": trace.attempts})
        if trace.index >= 0:
            _add(span, {"clicksend.batch.index": trace.index})
        for each in list(trace.events):
            event = span.events.add(name=each.name, time_unix_nano=each.at)
            _add(event, each.attributes)
        return span

    def attempt(
        self, trace: RecordTrace, outcome: Outcome, action: Action | None, sent_at: float, ended_at: float
    ) -> Span:
        """Return the span of one request, from `sent_at` to `ended_at` (monotonic seconds).

        action -- None: the partition is no longer owned
        """
        key = (outcome.result, outcome.status, outcome.cause, outcome.fault, type(action))
        template = self._templates.get(key) or self._attempt_template(outcome, action, key)
        span = _copy(template, trace, new_id(64), (trace.wall_ns(sent_at), trace.wall_ns(ended_at)))
        span.parent_span_id = trace.span_id.to_bytes(8, "big")
        more: dict[str, Value] = {}
        if trace.attempts > 1:
            more["http.request.resend_count"] = trace.attempts - 1
        if outcome.code is not None:
            more["clicksend.response_code"] = outcome.code
        if isinstance(action, Retry):
            more["clicksend.retry.delay"] = max(0.0, action.at - ended_at)
        _add(span, more)
        return span

    def _record_template(
        self, trace: RecordTrace, disposition: Disposition | str, reason: str, key: tuple[object, ...]
    ) -> Span:
        partition = trace.record.partition
        attributes: dict[str, Value] = {
            "messaging.system": "kafka",
            "messaging.operation.name": OPERATION,
            "messaging.operation.type": "process",
            "messaging.destination.name": partition.topic,
            "messaging.destination.partition.id": str(partition.number),
            "messaging.consumer.group.name": self._group,
            "clicksend.disposition": disposition,
            "clicksend.reason": reason,
        }
        span = Span(name=f"{OPERATION} {partition.topic}", kind=Span.SPAN_KIND_CONSUMER)
        _add(span, attributes)
        if disposition == Disposition.DEAD_LETTERED:
            _fail(span, reason)
        self._templates[key] = span
        return span

    def _attempt_template(self, outcome: Outcome, action: Action | None, key: tuple[object, ...]) -> Span:
        span = Span(name=f"POST {URL_TEMPLATE}", kind=Span.SPAN_KIND_CLIENT, flags=_SAMPLED | _KNOWN)
        done = _ACTIONS[type(action)] if action is not None else _RELEASED
        _add(span, {**self._request, "clicksend.outcome": outcome.result, "clicksend.action": done})
        if outcome.status is not None:
            _add(span, {"http.response.status_code": outcome.status})
        if outcome.result not in (Result.DELIVERED, Result.ALREADY_EXISTS):
            _fail(span, str(outcome.cause or outcome.fault or outcome.status or outcome.result))
        self._templates[key] = span
        return span


def _copy(template: Span, trace: RecordTrace, span_id: int, times: tuple[int, int]) -> Span:
    span = Span()
    span.CopyFrom(template)
    span.trace_id, span.span_id = trace.trace_id.to_bytes(16, "big"), span_id.to_bytes(8, "big")
    span.start_time_unix_nano, span.end_time_unix_nano = times
    return span


def _fail(span: Span, error: str) -> None:
    span.status.code = Status.STATUS_CODE_ERROR
    _add(span, {"error.type": error})


def _add(holder: Span | Span.Event, attributes: Mapping[str, Value]) -> None:
    for key, value in attributes.items():
        attribute = holder.attributes.add(key=key)
        if isinstance(value, str):
            attribute.value.string_value = value
        elif isinstance(value, int):
            attribute.value.int_value = value
        else:
            attribute.value.double_value = value
