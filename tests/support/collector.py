"""A collector of traces: takes OTLP over HTTP, and decodes it with OpenTelemetry's own messages."""

from __future__ import annotations

import gzip
import threading
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

PATH = "/v1/traces"


class Answer(Enum):
    """What the collector does with a request."""

    ACCEPT = "accepts it"
    REFUSE = "answers 400"
    OVERLOADED = "answers 503, to be tried again"
    REDIRECT = "answers 307, to itself"
    HANG = "takes it, and never answers"
    ENDLESS = "answers 200, with a body that never ends"


_STATUSES = {Answer.ACCEPT: 200, Answer.REFUSE: 400, Answer.OVERLOADED: 503, Answer.REDIRECT: 307}


@dataclass(frozen=True, slots=True)
class Received:
    """A span that has arrived. Ids are in hexadecimal, times in nanoseconds since the epoch."""

    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    attributes: dict[str, Any]
    events: list[tuple[str, dict[str, Any]]]
    failed: bool
    start: int
    end: int
    service: dict[str, Any]
    schema_url: str


class Collector:
    """The collector. `answer` may be changed at any time; its port is the same until the end of the `with` block."""

    def __init__(self, answer: Answer = Answer.ACCEPT) -> None:
        self.answer = answer
        self.requests: list[tuple[dict[str, str], bytes]] = []  # headers in lower case, and the body
        self.closed = threading.Event()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                with suppress(OSError):  # the worker has gone
                    collector.take(self)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closed.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def variables(self) -> dict[str, str]:
        """Return the environment of a worker that exports to here, soon."""
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": self.url, "OTEL_BSP_SCHEDULE_DELAY": "50"}

    def take(self, request: BaseHTTPRequestHandler) -> None:
        """Handle one request."""
        body = request.rfile.read(int(request.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.requests.append((headers, body))
        if self.answer is Answer.HANG:
            self.closed.wait()
        elif self.answer is Answer.ENDLESS:
            request.send_response(200)
            request.end_headers()
            while not self.closed.is_set():
                request.wfile.write(b"x" * 65_536)
        else:
            status = _STATUSES[self.answer]
            request.send_response(status if request.path == PATH else 404)
            request.send_header("Content-Length", "0")
            request.send_header("Location", self.url + PATH)
            request.end_headers()

    def bodies(self) -> list[bytes]:
        """Return the requests as they were before compression."""
        return [
            gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
            for headers, body in list(self.requests)
        ]

    def spans(self) -> list[Received]:
        """Return every span that has arrived, in the order of arrival."""
        return [span for body in self.bodies() for span in decoded(body)]

    def records(self) -> list[Received]:
        """Return the spans of records."""
        return [span for span in self.spans() if span.kind == "CONSUMER"]

    def attempts(self, of: Received) -> list[Received]:
        """Return the spans of a record's attempts."""
        return [span for span in self.spans() if span.parent_id == of.span_id]


def decoded(body: bytes) -> list[Received]:
    """Return the spans of one request."""
    request = ExportTraceServiceRequest.FromString(body)
    return [
        _received(span, scope.schema_url, _values(of.resource.attributes))
        for of in request.resource_spans
        for scope in of.scope_spans
        for span in scope.spans
    ]


def _received(span: Span, schema_url: str, service: dict[str, Any]) -> Received:
    return Received(
        name=span.name,
        kind=Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        attributes=_values(span.attributes),
        events=[(event.name, _values(event.attributes)) for event in span.events],
        failed=span.status.code == Status.STATUS_CODE_ERROR,
        start=span.start_time_unix_nano,
        end=span.end_time_unix_nano,
        service=service,
        schema_url=schema_url,
    )


def _values(pairs: Any) -> dict[str, Any]:
    values: dict[str, Any] = {}
    pair: KeyValue
    for pair in pairs:
        values[pair.key] = getattr(pair.value, pair.value.WhichOneof("value") or "string_value")
    return values
