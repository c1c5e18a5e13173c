"""What the OTEL_* variables ask for, and what is said about those that are unusable."""

from __future__ import annotations

from pathlib import Path

import pytest

from consumer.monitoring.tracing.options import QueueOptions, TraceOptions, trace_options

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}
SECRET = "canary-secret"


def named(options: TraceOptions) -> list[str]:
    """Return the variables with a problem."""
    return [problem.name for problem in options.problems]


@pytest.mark.parametrize(
    "environ",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"OTEL_SERVICE_NAME": "worker", "OTEL_RESOURCE_ATTRIBUTES": "a=b"}, id="a-service-name"),
        pytest.param({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://collector:4318"}, id="metrics-only"),
        pytest.param({"OTEL_EXPORTER_OTLP_HEADERS": "a=b", "OTEL_TRACES_SAMPLER": "always_on"}, id="no-endpoint"),
        pytest.param({"OTEL_EXPORTER_OTLP_ENDPOINT": " "}, id="an-empty-endpoint"),
        pytest.param({**ENDPOINT, "OTEL_SDK_DISABLED": "True"}, id="disabled"),
        pytest.param({**ENDPOINT, "OTEL_TRACES_EXPORTER": "none"}, id="none"),
    ],
)
def test_nothing_is_traced_unless_it_is_asked_for(environ: dict[str, str]) -> None:
    options = trace_options(environ)
    assert (options.asked_by, options.problems) == ("", ())


@pytest.mark.parametrize(
    ("environ", "asked_by", "endpoint"),
    [
        pytest.param(ENDPOINT, "OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/v1/traces", id="endpoint"),
        pytest.param(
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://host/otlp/"},
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "https://host/otlp/v1/traces",
            id="with-a-path",
        ),
        pytest.param(
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://host/otlp?tenant=1"},
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "https://host/otlp/v1/traces?tenant=1",
            id="with-a-query",
        ),
        pytest.param(
            {**ENDPOINT, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://traces:1/own"},
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "http://traces:1/own",
            id="of-traces-unchanged",
        ),
        pytest.param(
            {"OTEL_TRACES_EXPORTER": "OTLP"}, "OTEL_TRACES_EXPORTER", "http://localhost:4318/v1/traces", id="exporter"
        ),
        pytest.param(
            {**ENDPOINT, "OTEL_TRACES_EXPORTER": "console, otlp", "OTEL_SDK_DISABLED": "false"},
            "OTEL_TRACES_EXPORTER",
            "http://collector:4318/v1/traces",
            id="one-of-several",
        ),
        pytest.param({**ENDPOINT, "OTEL_TRACES_EXPORTER": ""}, "OTEL_EXPORTER_OTLP_ENDPOINT", None, id="empty"),
    ],
)
def test_an_endpoint_or_the_exporter_asks_for_traces(
    environ: dict[str, str], asked_by: str, endpoint: str | None
) -> None:
    options = trace_options(environ)
    assert (options.asked_by, options.problems) == (asked_by, ())
    assert endpoint is None or options.otlp.endpoint == endpoint
    assert str(options.sampler) == "parentbased_always_on"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://host:port"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://[::1"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://the host"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://h\udcf6st"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://host/\n/traces"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "unix:///run/otel"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nowhere/ca.pem"),
        ("OTEL_EXPORTER_OTLP_CLIENT_KEY", "/nowhere/key.pem"),
        ("OTEL_EXPORTER_OTLP_HEADERS", f"api key={SECRET}"),
        ("OTEL_EXPORTER_OTLP_HEADERS", f"api-key: {SECRET}"),
        ("OTEL_EXPORTER_OTLP_HEADERS", f"api-key=\udce9{SECRET}"),
        ("OTEL_EXPORTER_OTLP_HEADERS", f"api-key=a%0D%0A{SECRET}"),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", f"api-key=a\u2028{SECRET}"),
        ("OTEL_TRACES_EXPORTER", "jaeger"),
    ],
)
def test_what_can_not_be_exported_is_off_with_one_warning(variable: str, value: str) -> None:
    options = trace_options({**ENDPOINT, variable: value})
    assert (options.asked_by, named(options)) == ("", [variable])
    assert SECRET not in repr(options)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OTEL_TRACES_SAMPLER", "jaeger_remote"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "many"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "-1"),
        ("OTEL_BSP_SCHEDULE_DELAY", "inf"),
        ("OTEL_BSP_SCHEDULE_DELAY", "nan"),
        ("OTEL_RESOURCE_ATTRIBUTES", "team"),
        ("OTEL_RESOURCE_ATTRIBUTES", "=crm,region=eu"),
        ("OTEL_RESOURCE_ATTRIBUTES", "team=caf\udce9,region=eu"),
        ("OTEL_SERVICE_NAME", "caf\udce9"),
    ],
)
def test_what_is_unusable_is_ignored_with_a_warning(variable: str, value: str) -> None:
    options = trace_options({**ENDPOINT, variable: value})
    assert options.asked_by == "OTEL_EXPORTER_OTLP_ENDPOINT"
    assert named(options) == [variable]
    assert options.queue == QueueOptions()
    assert options.resource["service.name"] == "clicksend-consumer"
    assert "\udce9" not in str(options.resource)
    assert str(options.sampler) == "parentbased_always_on"


@pytest.mark.parametrize("ratio", ["ten", "1.1", "-0.1", "nan"])
def test_an_unusable_ratio_keeps_every_trace(ratio: str) -> None:
    options = trace_options({**ENDPOINT, "OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": ratio})
    assert named(options) == ["OTEL_TRACES_SAMPLER_ARG"]
    assert str(options.sampler) == "traceidratio 1"


def test_the_sampler_ignores_case_and_the_ratio_counts_for_it_only() -> None:
    given = {**ENDPOINT, "OTEL_TRACES_SAMPLER_ARG": "0.25"}
    assert str(trace_options({**given, "OTEL_TRACES_SAMPLER": "TraceIdRatio"}).sampler) == "traceidratio 0.25"
    assert str(trace_options({**given, "OTEL_TRACES_SAMPLER": "always_off"}).sampler) == "always_off"


def test_the_queue_follows_the_batch_processors_variables() -> None:
    given = {
        "OTEL_BSP_SCHEDULE_DELAY": "250",
        "OTEL_BSP_MAX_QUEUE_SIZE": "100",
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "500",
    }
    assert trace_options({**ENDPOINT, **given}).queue == QueueOptions(delay=0.25, size=100, batch=100)


@pytest.mark.parametrize(("given", "seconds"), [("0.001", 0.05), ("5", 0.05), ("1e300", 3600.0)])
def test_the_delay_is_bounded_so_that_an_idle_worker_stays_idle(given: str, seconds: float) -> None:
    assert trace_options({**ENDPOINT, "OTEL_BSP_SCHEDULE_DELAY": given}).queue.delay == seconds


def test_an_entry_of_the_headers_that_is_none_is_said_to_keep_traces_off() -> None:
    (problem,) = trace_options({**ENDPOINT, "OTEL_EXPORTER_OTLP_HEADERS": "a=b,authorization: c"}).problems
    assert "so no traces are exported" in problem.what


@pytest.mark.parametrize(("given", "seconds"), [("2500", 2.5), ("36000000", 60.0)])
def test_the_timeout_is_in_milliseconds_and_bounded(given: str, seconds: float) -> None:
    assert trace_options({**ENDPOINT, "OTEL_EXPORTER_OTLP_TIMEOUT": given}).otlp.timeout == seconds


@pytest.mark.parametrize("given", ["10", "soon", "0"])
def test_a_timeout_that_is_none_or_meant_in_seconds_is_ignored(given: str) -> None:
    options = trace_options({**ENDPOINT, "OTEL_EXPORTER_OTLP_TIMEOUT": given})
    assert (options.otlp.timeout, named(options)) == (10.0, ["OTEL_EXPORTER_OTLP_TIMEOUT"])


def test_the_variable_for_traces_precedes_the_general_one(tmp_path: Path) -> None:
    for name in ("ca", "certificate", "key"):
        (tmp_path / name).write_text("PEM")
    general = {f"OTEL_EXPORTER_OTLP_{name}": "general" for name in ("CERTIFICATE", "HEADERS")}
    own = {
        "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE": str(tmp_path / "ca"),
        "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE": str(tmp_path / "certificate"),
        "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY": str(tmp_path / "key"),
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "api-key=a%20b, x-team=crm",
        "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION": "gzip",
        "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
    }
    otlp = trace_options({**ENDPOINT, **general, **own}).otlp
    assert (otlp.certificate, otlp.client) == (
        str(tmp_path / "ca"),
        (str(tmp_path / "certificate"), str(tmp_path / "key")),
    )
    assert otlp.headers == {"api-key": "a b", "x-team": "crm"}
    assert otlp.gzip


def test_the_service_has_a_name_and_the_operators_attributes() -> None:
    assert trace_options(ENDPOINT).resource["service.name"] == "clicksend-consumer"
    given = {"OTEL_RESOURCE_ATTRIBUTES": "service.name=a,deployment.environment.name=eu%201"}
    resource = trace_options({**ENDPOINT, **given}).resource
    assert (resource["service.name"], resource["deployment.environment.name"]) == ("a", "eu 1")
    resource = trace_options({**ENDPOINT, **given, "OTEL_SERVICE_NAME": "b"}).resource
    assert resource["service.name"] == "b"


def test_an_endpoint_is_shown_without_its_secrets() -> None:
    given = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"https://user:{SECRET}@host:1/v1?key={SECRET}#{SECRET}"}
    options = trace_options({**given, "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer%20{SECRET}"})
    assert options.otlp.shown_endpoint == "https://host:1/v1"
    assert options.otlp.headers == {"authorization": f"Bearer {SECRET}"}
    assert SECRET not in repr(options)
