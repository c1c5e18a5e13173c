"""The samplers, held against OpenTelemetry's own."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Decision, ParentBased, Sampler, TraceIdRatioBased
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

from consumer.monitoring.tracing.sampling import SamplerName, TraceSampler
from consumer.monitoring.tracing.traceparent import Parent

ids = st.integers(1, 2**128 - 1)
ratios = st.sampled_from([0.0, 0.1, 0.5, 1.0]) | st.floats(0, 1)


def theirs(name: SamplerName, ratio: float) -> Sampler:
    return {
        SamplerName.ALWAYS_ON: ALWAYS_ON,
        SamplerName.ALWAYS_OFF: ALWAYS_OFF,
        SamplerName.TRACE_ID_RATIO: TraceIdRatioBased(ratio),
        SamplerName.PARENT_BASED_ALWAYS_ON: ParentBased(ALWAYS_ON),
        SamplerName.PARENT_BASED_ALWAYS_OFF: ParentBased(ALWAYS_OFF),
        SamplerName.PARENT_BASED_TRACE_ID_RATIO: ParentBased(TraceIdRatioBased(ratio)),
    }[name]


@pytest.mark.parametrize("name", SamplerName)
@given(ratio=ratios, trace_id=ids)
@example(ratio=0.5, trace_id=1 << 63)
@example(ratio=1.0, trace_id=(1 << 64) - 1)
def test_a_trace_of_its_own_is_kept_as_opentelemetry_keeps_it(name: SamplerName, ratio: float, trace_id: int) -> None:
    result = theirs(name, ratio).should_sample(None, trace_id, "process")
    assert TraceSampler(name, ratio).keeps_root(trace_id) == (result.decision is Decision.RECORD_AND_SAMPLE)


@pytest.mark.parametrize("name", SamplerName)
@given(ratio=ratios, trace_id=ids, sampled=st.booleans())
def test_a_producers_trace_is_kept_as_opentelemetry_keeps_it(
    name: SamplerName, ratio: float, trace_id: int, sampled: bool
) -> None:
    parent = Parent(b"%032x" % trace_id, b"%016x" % 1, sampled)
    context = SpanContext(trace_id, 1, is_remote=True, trace_flags=TraceFlags(sampled))
    result = theirs(name, ratio).should_sample(set_span_in_context(NonRecordingSpan(context)), trace_id, "process")
    assert TraceSampler(name, ratio).keeps(parent) == (result.decision is Decision.RECORD_AND_SAMPLE)


def test_it_names_its_ratio_where_it_has_one() -> None:
    assert str(TraceSampler(SamplerName.PARENT_BASED_TRACE_ID_RATIO, 0.1)) == "parentbased_traceidratio 0.1"
    assert str(TraceSampler(SamplerName.ALWAYS_OFF, 0.1)) == "always_off"
