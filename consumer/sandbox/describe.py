"""A fault rule in words, for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consumer.sandbox.faults import ConnectionFault, Per, header_value

if TYPE_CHECKING:
    from consumer.sandbox.faults import Rule

CONNECTIONS = {
    ConnectionFault.KEEP: "",
    ConnectionFault.CLOSE: "close the connection after it",
    ConnectionFault.HANG: "never answer",
    ConnectionFault.RESET: "reset the connection without an answer",
    ConnectionFault.CUT: "reset in the middle of the answer",
    ConnectionFault.TRUNCATE: "close in the middle of the answer",
    ConnectionFault.RESET_AFTER: "reset after the answer",
    ConnectionFault.GARBAGE: "send something that isn't HTTP",
}


def conditions(rule: Rule) -> str:
    """Return the requests that the rule matches."""
    whose = " of each contact" if rule.per is Per.CONTACT else ""
    parts = (
        span(rule),
        f"contact {' or '.join(rule.contact)}" if rule.contact else "",
        " ".join(part for part in (rule.method, rule.path) if part),
        f"request {' and '.join(str(number) for number in rule.nth)}{whose}" if rule.nth else "",
        f"one request in {rule.every}{whose}" if rule.every else "",
        f"the first {rule.first}{whose}" if rule.first else "",
        f"at most {rule.times} times{whose}" if rule.times else "",
        f"with probability {rule.probability:g}" if rule.probability < 1 else "",
    )
    return ", ".join(part for part in parts if part) or "every request"


def span(rule: Rule) -> str:
    if rule.until is not None:
        return f"{rule.after:g} s to {rule.until:g} s"
    return f"from {rule.after:g} s" if rule.after else ""


def consequences(rule: Rule) -> str:
    """Return the effect on them."""
    parts = (
        f"wait {rule.delay:g} s" if rule.delay else "",
        f"answer {rule.status} {rule.code or ''}".strip() if rule.status is not None else "",
        f"Retry-After {header_value(rule.retry_after)}" if rule.retry_after is not None else "",
        f"Retry-After a date in {rule.retry_after_date:g} s" if rule.retry_after_date is not None else "",
        f"redirect to {rule.location}" if rule.location is not None else "",
        "change headers" if rule.headers else "",
        f"{rule.padding} bytes of padding" if rule.padding else "",
        CONNECTIONS[rule.connection or ConnectionFault.KEEP],
        f"a byte every {rule.drip:g} s" if rule.drip is not None else "",
        {True: "the contact is stored", False: "the contact isn't stored", None: ""}[rule.processed],
    )
    return ", ".join(part for part in parts if part) or "nothing"
