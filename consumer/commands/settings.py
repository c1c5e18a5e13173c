"""`clicksend-consumer settings`: prints each effective value and its source, a schema, or a file to start with."""

from __future__ import annotations

import json
from collections.abc import Mapping

from consumer.commands.output import Format, put, rendered
from consumer.errors import ConfigurationError
from consumer.exit_status import ExitStatus
from consumer.monitoring.tracing.options import EXPORTERS, SAMPLER, TraceOptions, trace_options
from consumer.monitoring.tracing.otlp_options import ENDPOINTS
from consumer.settings import Sources, effective_settings
from consumer.settings.schema import json_schema
from consumer.settings.template import worker_toml
from consumer.terminal import say


def show(sources: Sources, form: Format) -> ExitStatus:
    """Print all settings with secrets masked. A missing or invalid setting has no value.

    Then raises ConfigurationError with every problem.
    """
    found = effective_settings(sources)
    rows = [{"setting": row.name, "value": row.value, "source": row.source} for row in found.rows]
    traces = trace_options(sources.environ)
    put(rendered(rows + _trace_rows(traces, sources.environ), form), form)
    for warning in (*found.warnings, *traces.problems):
        say(str(warning))
    if found.problems:
        raise ConfigurationError(*found.problems)
    return ExitStatus.DONE


def put_schema() -> ExitStatus:
    """Print the JSON Schema of the TOML file."""
    put(json.dumps(json_schema(), indent=2) + "\n", Format.JSON)
    return ExitStatus.DONE


def put_template() -> ExitStatus:
    """Print a commented TOML file with every setting."""
    put(worker_toml(), Format.TABLE)
    return ExitStatus.DONE


def _trace_rows(traces: TraceOptions, environ: Mapping[str, str]) -> list[dict[str, str | None]]:
    """Return whether traces are exported, and where to: the variables of OpenTelemetry are no settings of this program.

    Headers are never shown: they hold tokens.
    """
    effective = {EXPORTERS: "otlp" if traces.asked_by else "none"}
    if traces.asked_by:
        effective |= {ENDPOINTS[0]: traces.otlp.shown_endpoint, SAMPLER: str(traces.sampler)}
    sources = {EXPORTERS: (EXPORTERS, *ENDPOINTS), ENDPOINTS[0]: ENDPOINTS, SAMPLER: (SAMPLER,)}
    return [
        {
            "setting": name,
            "value": value,
            "source": "environment" if any(environ.get(each) for each in sources[name]) else "default",
        }
        for name, value in effective.items()
    ]
