from __future__ import annotations

from consumer.commands.check.result import CheckStatus
from consumer.commands.check.traces import trace_results
from tests.support.collector import Answer, Collector

TOKEN = {"OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20canary-token"}


def checked(environ: dict[str, str]) -> list[tuple[CheckStatus, str]]:
    results = list(trace_results({**TOKEN, **environ}))
    assert "canary" not in str(results)
    return [(result.status, result.detail) for result in results]


def test_without_a_variable_that_asks_for_them_traces_are_off() -> None:
    assert checked({}) == [(CheckStatus.OK, "off: no OTEL_* variable enables them")]


def test_a_collector_that_accepts_them_is_named_and_gets_no_span() -> None:
    with Collector() as collector:
        sampled = {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.1"}
        found = checked({**collector.variables, **sampled})
    assert found == [(CheckStatus.OK, f"to {collector.url}/v1/traces, sampled by traceidratio 0.1")]
    assert collector.spans() == []
    assert collector.requests[0][0]["authorization"] == "Bearer canary-token"


def test_a_collector_that_refuses_is_a_warning_with_its_status() -> None:
    with Collector(Answer.REFUSE) as collector:
        ((status, detail),) = checked(collector.variables)
    assert status is CheckStatus.WARNING
    assert detail.endswith("not accepted (status 400)")


def test_a_collector_that_is_away_is_a_warning_with_the_cause() -> None:
    ((status, detail),) = checked({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"})
    assert status is CheckStatus.WARNING
    assert "ConnectionRefusedError" in detail


def test_what_keeps_traces_off_is_a_warning_and_nothing_else() -> None:
    ((status, detail),) = checked({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"})
    assert status is CheckStatus.WARNING
    assert detail.startswith("OTEL_EXPORTER_OTLP_ENDPOINT: is no URL")


def test_what_is_ignored_is_a_warning_beside_the_check() -> None:
    with Collector() as collector:
        found = checked({**collector.variables, "OTEL_TRACES_SAMPLER": "canary"})
    assert [status for status, _ in found] == [CheckStatus.WARNING, CheckStatus.OK]
