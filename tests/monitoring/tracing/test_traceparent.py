"""The producer's span in a record's headers, held against OpenTelemetry's own propagator."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from opentelemetry.trace import get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from consumer.monitoring.tracing.traceparent import LONGEST, Parent, parent_of, trace_id_of
from consumer.scheduling.offset_tracker import OffsetTracker
from consumer.scheduling.task import Headers, Task
from tests.support.records import EVENTS, record

TRACE, SPAN = b"4bf92f3577b34da6a3ce929d0e0e4736", b"00f067aa0ba902b7"
VALID = b"00-%s-%s-01" % (TRACE, SPAN)
HEX = st.text("0123456789abcdef", min_size=1, max_size=2)


@pytest.mark.parametrize(
    ("flags", "sampled"), [(b"00", False), (b"01", True), (b"02", False), (b"03", True), (b"fe", False), (b"ff", True)]
)
def test_the_last_bit_of_the_flags_says_whether_the_producer_samples(flags: bytes, sampled: bool) -> None:
    value = b"00-%s-%s-%s" % (TRACE, SPAN, flags)
    assert parent_of([("traceparent", value)]) == Parent(TRACE, SPAN, sampled)


@pytest.mark.parametrize("more", [b"", b"-", b"-what-comes-later"])
def test_a_later_version_may_have_further_fields(more: bytes) -> None:
    assert parent_of([("traceparent", b"cc-%s-%s-01%s" % (TRACE, SPAN, more))]) == Parent(TRACE, SPAN, sampled=True)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(None, id="null"),
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff\x00\xfe", id="no-text"),
        pytest.param(VALID[:-1], id="cut"),
        pytest.param(VALID + b"-00", id="version-00-with-more"),
        pytest.param(b"cc" + VALID[2:] + b"00", id="more-without-a-dash"),
        pytest.param(b"cc" + VALID[2:] + b"-" + b"x" * LONGEST, id="too-long"),
        pytest.param(b"ff" + VALID[2:], id="version-ff"),
        pytest.param(VALID.upper(), id="upper-case"),
        pytest.param(VALID.replace(TRACE, b"0" * 32), id="no-trace"),
        pytest.param(VALID.replace(SPAN, b"0" * 16), id="no-span"),
        pytest.param(b" " + VALID, id="a-space-before"),
        pytest.param(VALID + b"\n", id="a-line-break-after"),
        pytest.param("٠".encode() + VALID[1:], id="other-digits"),
    ],
)
def test_a_malformed_header_is_none(value: bytes | None) -> None:
    assert parent_of([("traceparent", value)]) is None


@pytest.mark.parametrize("headers", [[], [("Traceparent", VALID)], [("tracestate", b"a=1"), ("trace", VALID)]])
def test_without_the_header_there_is_no_parent(headers: Headers) -> None:
    assert parent_of(headers) is None


def test_of_several_headers_the_last_counts_even_if_it_is_malformed() -> None:
    assert parent_of([("traceparent", b"broken"), ("traceparent", VALID)]) is not None
    assert parent_of([("traceparent", VALID), ("traceparent", b"broken")]) is None


fields = st.one_of(HEX, st.sampled_from(["00", "ff", "0" * 32, "0" * 16, TRACE.decode(), SPAN.decode(), "", "x"]))


@given(st.lists(fields, min_size=3, max_size=6).map("-".join) | st.text("-0123456789abcdef", max_size=60))
@example(VALID.decode())
def test_it_reads_what_opentelemetry_reads(value: str) -> None:
    parent = parent_of([("traceparent", value.encode())])
    theirs = get_current_span(TraceContextTextMapPropagator().extract({"traceparent": value})).get_span_context()
    assert (parent is not None) == theirs.is_valid
    if parent is not None:
        assert (int(parent.trace_id, 16), int(parent.span_id, 16)) == (theirs.trace_id, theirs.span_id)
        assert parent.sampled == theirs.trace_flags.sampled


@given(st.binary(max_size=600))
def test_no_bytes_raise(value: bytes) -> None:
    assert parent_of([("traceparent", value)]) is None or value[2:3] == b"-"


def test_log_lines_name_the_trace_of_a_record_that_is_not_sampled() -> None:
    def of(headers: Headers) -> str | None:
        return trace_id_of(Task(record(headers=headers), OffsetTracker(EVENTS, 0, 0)))

    assert of([("traceparent", VALID)]) == TRACE.decode()
    assert of([("traceparent", b"broken")]) is None
    assert of([]) is None
