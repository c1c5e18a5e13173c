"""Traces: a span for each enrolment event and each attempt, sent by OTLP where the OTEL_* variables ask for it."""
