"""Requests to a collector, decoded with OpenTelemetry's own messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from consumer.monitoring.tracing.exporter import OtlpExporter
from consumer.monitoring.tracing.otlp_options import OtlpOptions
from tests.support.collector import PATH, Answer, Collector

SPANS = [Span(trace_id=b"t" * 16, span_id=b"s" * 8, name=name) for name in ("one", "other")]


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        yield collector


def options(collector: Collector) -> OtlpOptions:
    return OtlpOptions(collector.url + PATH, {"authorization": "Bearer the-token"}, timeout=60.0)


@pytest.mark.parametrize("gzip", [False, True])
def test_spans_arrive_with_the_service_and_the_headers(collector: Collector, gzip: bool) -> None:
    exporter = OtlpExporter(replace(options(collector), gzip=gzip), {"service.name": "worker"})
    assert exporter.export(SPANS) is None
    assert exporter.export(SPANS[:1]) is None
    exporter.close()
    assert [span.name for span in collector.spans()] == ["one", "other", "one"]
    assert collector.spans()[0].service == {"service.name": "worker"}
    headers, _ = collector.requests[0]
    assert headers["content-type"] == "application/x-protobuf"
    assert headers["authorization"] == "Bearer the-token"
    assert headers["user-agent"].startswith("clicksend-consumer/")
    assert headers.get("content-encoding") == ("gzip" if gzip else None)


@pytest.mark.parametrize(("answer", "status", "lasting"), [(Answer.REFUSE, 400, True), (Answer.OVERLOADED, 503, False)])
def test_a_refusal_is_a_failure_that_lasts_or_not(
    collector: Collector, answer: Answer, status: int, lasting: bool
) -> None:
    collector.answer = answer
    failure = OtlpExporter(options(collector), {}).export(SPANS)
    assert failure is not None
    assert (failure.why, failure.is_lasting) == ({"status": status}, lasting)


def test_a_redirect_is_not_followed_as_it_might_take_the_token_elsewhere(collector: Collector) -> None:
    collector.answer = Answer.REDIRECT
    failure = OtlpExporter(options(collector), {}).export(SPANS)
    assert failure is not None
    assert failure.why == {"status": 307}
    assert len(collector.requests) == 1


def test_an_endless_answer_is_not_read(collector: Collector) -> None:
    collector.answer = Answer.ENDLESS
    assert OtlpExporter(options(collector), {}).export(SPANS) is None


def test_without_an_answer_it_ends_at_the_timeout(collector: Collector) -> None:
    collector.answer = Answer.HANG
    failure = OtlpExporter(replace(options(collector), timeout=0.1), {}).export(SPANS)
    assert failure is not None
    assert "ReadTimeout" in str(failure.why["cause"])
    assert not failure.is_lasting


def test_where_nothing_listens_the_cause_is_named_and_no_address() -> None:
    failure = OtlpExporter(OtlpOptions("http://127.0.0.1:1/v1/traces?key=the-token"), {}).export(SPANS)
    assert failure is not None
    assert "ConnectionRefusedError" in str(failure.why["cause"])
    assert "the-token" not in str(failure.why)


def test_the_environment_gives_neither_a_proxy_nor_a_password(
    collector: Collector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password another-token\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert OtlpExporter(options(collector), {}).export(SPANS) is None
    assert collector.requests[0][0]["authorization"] == "Bearer the-token"
