"""The sampler of OTEL_TRACES_SAMPLER, asked before anything of a trace is made."""

from __future__ import annotations

from enum import StrEnum

from consumer.monitoring.tracing.traceparent import Parent

_LOW_BITS = (1 << 64) - 1  # of a trace id: those that the ratio samples by


class SamplerName(StrEnum):
    """OTEL_TRACES_SAMPLER."""

    ALWAYS_ON = "always_on"
    ALWAYS_OFF = "always_off"
    TRACE_ID_RATIO = "traceidratio"
    PARENT_BASED_ALWAYS_ON = "parentbased_always_on"
    PARENT_BASED_ALWAYS_OFF = "parentbased_always_off"
    PARENT_BASED_TRACE_ID_RATIO = "parentbased_traceidratio"


BY_RATIO = frozenset({SamplerName.TRACE_ID_RATIO, SamplerName.PARENT_BASED_TRACE_ID_RATIO})
_OFF = frozenset({SamplerName.ALWAYS_OFF, SamplerName.PARENT_BASED_ALWAYS_OFF})


class TraceSampler:
    """Decide by the producer's decision, by a ratio, or always alike.

    ratio -- share of the traces to keep, from 0 to 1; used by the samplers BY_RATIO
    """

    def __init__(self, name: SamplerName = SamplerName.PARENT_BASED_ALWAYS_ON, ratio: float = 1.0) -> None:
        self._text = f"{name} {ratio:g}" if name in BY_RATIO else str(name)
        self._follows_parent = name.startswith("parentbased")
        share = ratio if name in BY_RATIO else float(name not in _OFF)
        self._bound = round(share * (_LOW_BITS + 1))  # as every OpenTelemetry SDK computes it: services agree

    def __str__(self) -> str:
        return self._text

    def keeps(self, parent: Parent) -> bool:
        """Return whether the trace of the producer's span is kept."""
        if self._follows_parent:
            return parent.sampled
        return self.keeps_root(int(parent.trace_id, 16))

    def keeps_root(self, trace_id: int) -> bool:
        """Return whether a trace that begins here is kept."""
        return trace_id & _LOW_BITS < self._bound
