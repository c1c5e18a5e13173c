"""The check of traces: whether they are asked for, and whether the collector takes them. Sends no span."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from consumer.commands.check.result import CheckResult, ok, warning
from consumer.monitoring.tracing.options import trace_options

SECONDS = 5.0  # for a collector's answer


def trace_results(environ: Mapping[str, str]) -> Iterator[CheckResult]:
    """Yield whether traces are exported, and where to. A worker runs without them, so nothing here fails."""
    options = trace_options(environ)
    yield from (warning("traces", f"{each.name}: {each.what}", each.hint) for each in options.problems)
    if not options.asked_by:
        if not options.problems:
            yield ok("traces", "off: no OTEL_* variable enables them")
        return
    from consumer.monitoring.tracing.exporter import OtlpExporter  # noqa: PLC0415 -- needs the extra

    otlp = replace(options.otlp, timeout=min(SECONDS, options.otlp.timeout))
    exporter = OtlpExporter(otlp, options.resource)
    failure = exporter.export(())
    exporter.close()
    where = f"to {otlp.shown_endpoint}, sampled by {options.sampler}"
    if failure is None:
        yield ok("traces", where)
    else:
        reason = ", ".join(f"{name} {value}" for name, value in failure.why.items() if name != "at")
        hint = "Check OTEL_EXPORTER_OTLP_ENDPOINT, _HEADERS and the network; the worker runs without traces"
        yield warning("traces", f"{where}: not accepted ({reason})", hint)
