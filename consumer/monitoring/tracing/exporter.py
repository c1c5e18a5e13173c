"""The collector: one request by OTLP over HTTP, in which nothing is read or waited for without bounds."""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import requests
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from consumer import __version__
from consumer.log import cause_of
from consumer.monitoring.tracing.otlp_options import OtlpOptions
from consumer.monitoring.tracing.spans import export_request

MOST_ANSWER = 4096  # bytes that are read of an answer, so that its connection can be used again
TRY_AGAIN = frozenset({429, 502, 503, 504})  # by OTLP's specification


@dataclass(frozen=True, slots=True)
class ExportFailure:
    """A batch that was not accepted.

    why        -- log fields; never an exception's text, which may hold headers
    is_lasting -- another try would fail alike
    """

    why: dict[str, object]
    is_lasting: bool


class OtlpExporter:
    """Send batches to the collector. For one thread, but `close`.

    resource -- what describes this process
    """

    def __init__(self, options: OtlpOptions, resource: Mapping[str, str]) -> None:
        self._options = options
        self._resource = resource
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy, and no .netrc: its password would replace the given header
        self._session.verify = options.certificate or True
        self._session.cert = options.client
        self._session.headers.clear()
        self._session.headers.update({"User-Agent": f"clicksend-consumer/{__version__}", **options.headers})
        self._session.headers["Content-Type"] = "application/x-protobuf"
        if options.gzip:
            self._session.headers["Content-Encoding"] = "gzip"

    def export(self, spans: Sequence[Span]) -> ExportFailure | None:
        """Send a batch once. Return None if it is accepted."""
        try:
            body: bytes = export_request(self._resource, spans).SerializeToString()
            status = self._post(gzip.compress(body) if self._options.gzip else body)
        except Exception as error:  # of requests, urllib3 or ssl: it costs these spans, and nothing else
            return ExportFailure(dict(cause_of(error)), is_lasting=False)
        if 200 <= status < 300:
            return None
        return ExportFailure({"status": status}, is_lasting=status not in TRY_AGAIN)

    def close(self) -> None:
        """Close the idle connections. Any thread may call it."""
        self._session.close()

    def _post(self, body: bytes) -> int:
        options = self._options
        response = self._session.post(
            options.endpoint, data=body, timeout=options.timeout, allow_redirects=False, stream=True
        )
        try:
            if response.headers.get("Content-Length", "").isdigit():  # else it may have no end
                response.raw.read(MOST_ANSWER)
            return response.status_code
        finally:
            response.close()
