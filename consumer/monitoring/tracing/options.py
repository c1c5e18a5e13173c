"""Tracing options, read from the OTEL_* variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from msgspec import Struct, field

from consumer import __version__
from consumer.errors import ConfigurationError, Problem
from consumer.extras import Extra, require
from consumer.monitoring.tracing.otlp_options import ENDPOINTS, OtlpOptions, export_timeout, otlp_options
from consumer.monitoring.tracing.sampling import BY_RATIO, SamplerName, TraceSampler
from consumer.monitoring.tracing.variables import Variables

EXPORTERS = "OTEL_TRACES_EXPORTER"
SAMPLER = "OTEL_TRACES_SAMPLER"
RATIO = "OTEL_TRACES_SAMPLER_ARG"
SERVICE = "clicksend-consumer"
SHORTEST_DELAY, LONGEST_DELAY = 0.05, 3600.0  # seconds; each look of the thread takes the lock of the interpreter


class QueueOptions(Struct, frozen=True):
    """The limits of the span queue.

    delay -- seconds between two exports
    size  -- the most spans that wait; further ones are dropped
    batch -- the most spans of one export
    """

    delay: float = 5.0
    size: int = 2048
    batch: int = 512


class TraceOptions(Struct, frozen=True):
    """The options of traces.

    asked_by -- the variable that asks for traces; empty: none does, or they can't be exported
    resource -- what describes this process in every export
    problems -- what is ignored, or keeps traces off
    """

    asked_by: str = ""
    otlp: OtlpOptions = field(default_factory=OtlpOptions)
    sampler: TraceSampler = field(default_factory=TraceSampler)
    queue: QueueOptions = QueueOptions()
    resource: dict[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def trace_options(environ: Mapping[str, str]) -> TraceOptions:
    """Return the options. Imports nothing of the extra `otel`."""
    variables = Variables(environ)
    asked_by = _asked_by(variables)
    otlp = otlp_options(variables) if asked_by else OtlpOptions()
    if asked_by:
        try:
            require(Extra.OTEL, asked_by)
        except ConfigurationError as error:
            variables.problems = list(error.problems)  # one warning, as the others don't matter without it
    if variables.problems or not asked_by:
        return TraceOptions(problems=tuple(variables.problems))
    otlp = replace(otlp, timeout=export_timeout(variables))
    sampler, queue, resource = _sampler(variables), _queue(variables), _resource(variables)
    return TraceOptions(asked_by, otlp, sampler, queue, resource, tuple(variables.problems))


def _asked_by(variables: Variables) -> str:
    """Return the variable that asks for traces by OTLP; empty if none does."""
    if variables.text("OTEL_SDK_DISABLED")[1].lower() == "true":
        return ""
    exporters = {each.strip().lower() for each in variables.text(EXPORTERS)[1].split(",")} - {""}
    if not exporters:
        return variables.text(*ENDPOINTS)[0]
    if "otlp" in exporters:
        return EXPORTERS
    if exporters != {"none"}:
        variables.problem(EXPORTERS, "names no exporter that this worker supports", "Set it to otlp, or to none")
    return ""


def _sampler(variables: Variables) -> TraceSampler:
    _, text = variables.text(SAMPLER)
    try:
        name = SamplerName(text.lower() or SamplerName.PARENT_BASED_ALWAYS_ON)
    except ValueError:
        name = SamplerName.PARENT_BASED_ALWAYS_ON
        variables.problem(SAMPLER, f"is no known sampler, so {name} is used", f"Use one of {', '.join(SamplerName)}")
    if name not in BY_RATIO:
        return TraceSampler(name)
    _, text = variables.text(RATIO)
    try:
        ratio = float(text or 1)
    except ValueError:
        ratio = -1.0
    if not 0 <= ratio <= 1:
        variables.problem(RATIO, "is no number from 0 to 1, so every trace is kept", "Write it as 0.1")
        ratio = 1.0
    return TraceSampler(name, ratio)


def _queue(variables: Variables) -> QueueOptions:
    default = QueueOptions()
    size = int(variables.number(default.size, int, "OTEL_BSP_MAX_QUEUE_SIZE"))
    batch = int(variables.number(default.batch, int, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"))
    delay = variables.number(default.delay * 1000, float, "OTEL_BSP_SCHEDULE_DELAY") / 1000
    return QueueOptions(min(max(delay, SHORTEST_DELAY), LONGEST_DELAY), min(size, 1_000_000), min(batch, size))


def _resource(variables: Variables) -> dict[str, str]:
    given = variables.pairs("which is ignored", "OTEL_RESOURCE_ATTRIBUTES")
    name = variables.label("OTEL_SERVICE_NAME")
    return {
        "service.name": SERVICE,
        "service.version": __version__,
        **given,
        **({"service.name": name} if name else {}),
    }
