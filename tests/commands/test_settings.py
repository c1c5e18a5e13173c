"""The rows of `settings` about traces: the variables of OpenTelemetry are not in the settings' model."""

from __future__ import annotations

from pathlib import Path

from tests.support.command import json_lines, run
from tests.support.required_settings import REQUIRED


def trace_rows(folder: Path, **environ: str) -> tuple[dict[str, tuple[str, str]], str]:
    """Return value and source of each of these rows, and stderr."""
    done = run("settings", "--format", "json", variables={**REQUIRED, **environ}, folder=folder)
    assert done.returncode == 0
    assert "canary" not in done.stdout + done.stderr
    rows = {row["setting"]: (row["value"], row["source"]) for row in json_lines(done)}
    return {name: row for name, row in rows.items() if name.startswith("OTEL_")}, done.stderr


def test_without_traces_one_row_says_so(tmp_path: Path) -> None:
    rows, said = trace_rows(tmp_path, OTEL_SERVICE_NAME="worker")
    assert rows == {"OTEL_TRACES_EXPORTER": ("none", "default")}
    assert said == ""


def test_with_traces_it_shows_where_they_go_and_no_secret(tmp_path: Path) -> None:
    rows, _ = trace_rows(
        tmp_path,
        OTEL_EXPORTER_OTLP_ENDPOINT="https://user:canary@collector:4318",
        OTEL_EXPORTER_OTLP_HEADERS="api-key=canary",
        OTEL_TRACES_SAMPLER="parentbased_traceidratio",
        OTEL_TRACES_SAMPLER_ARG="0.1",
    )
    assert rows == {
        "OTEL_TRACES_EXPORTER": ("otlp", "environment"),
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": ("https://collector:4318/v1/traces", "environment"),
        "OTEL_TRACES_SAMPLER": ("parentbased_traceidratio 0.1", "environment"),
    }


def test_by_default_they_go_to_this_machine(tmp_path: Path) -> None:
    rows, _ = trace_rows(tmp_path, OTEL_TRACES_EXPORTER="otlp")
    assert rows["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] == ("http://localhost:4318/v1/traces", "default")
    assert rows["OTEL_TRACES_SAMPLER"] == ("parentbased_always_on", "default")


def test_a_problem_is_said_and_keeps_them_off(tmp_path: Path) -> None:
    rows, said = trace_rows(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT="canary:4318")
    assert rows == {"OTEL_TRACES_EXPORTER": ("none", "environment")}
    assert said.startswith("OTEL_EXPORTER_OTLP_ENDPOINT: is no URL")
