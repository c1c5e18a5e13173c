"""Apply a fault rule to an answer. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consumer.sandbox.answers import SandboxResponse, failure, http_date

if TYPE_CHECKING:
    from consumer.sandbox.faults import Rule

BODILESS = (204, 304)
"""Statuses without a body (RFC 9110, 6.4.1): a client would read a body as the next response."""
MESSAGE = "The fault script says so."


def faulty_answer(rule: Rule, ordinary: SandboxResponse | None, now: float) -> SandboxResponse:
    """Return the faulty answer. ordinary -- None if nothing was processed; now -- seconds since the epoch."""
    answer = base(rule, ordinary)
    body = rule.body.encode() if rule.body is not None else answer.body
    headers = dict(answer.headers) | faulty_headers(rule, now)
    return SandboxResponse(answer.status, body + b" " * rule.padding, tuple(headers.items()))


def base(rule: Rule, ordinary: SandboxResponse | None) -> SandboxResponse:
    if rule.status is not None and rule.status in BODILESS:
        return SandboxResponse(rule.status, b"", ())
    if rule.status is not None:
        return failure(rule.status, rule.message or MESSAGE, rule.code)
    return ordinary if ordinary is not None else failure(500, MESSAGE)


def faulty_headers(rule: Rule, now: float) -> dict[str, str]:
    headers = {}
    if rule.retry_after is not None:
        headers["Retry-After"] = header_value(rule.retry_after)
    if rule.retry_after_date is not None:
        headers["Retry-After"] = http_date(now + rule.retry_after_date)
    if rule.location is not None:
        headers["Location"] = rule.location
    return headers | {name.title(): value for name, value in rule.headers.items()}


def header_value(value: float | str) -> str:
    """Return whole seconds without a decimal point (RFC 9110), and text unchanged."""
    return value if isinstance(value, str) else f"{value:.16g}"
