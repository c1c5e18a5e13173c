from __future__ import annotations

import pytest

from consumer.sandbox.describe import conditions, consequences
from consumer.sandbox.faults import ConnectionFault, Per, Rule


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (Rule(status=500), "every request"),
        (Rule(after=10.0, until=15.5, status=500), "10 s to 15.5 s"),
        (Rule(after=10.0, status=500), "from 10 s"),
        (Rule(contact=("a@example.com", "+1*"), status=500), "contact a@example.com or +1*"),
        (Rule(method="POST", path="/v3/*", status=500), "POST /v3/*"),
        (Rule(nth=(1, 3), status=500), "request 1 and 3"),
        (Rule(every=9, probability=0.5, status=500), "one request in 9, with probability 0.5"),
        (
            Rule(first=2, times=1, per=Per.CONTACT, status=500),
            "the first 2 of each contact, at most 1 times of each contact",
        ),
    ],
)
def test_conditions_in_words(rule: Rule, text: str) -> None:
    assert conditions(rule) == text


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (Rule(status=503, retry_after=2.0), "answer 503, Retry-After 2"),
        (Rule(status=400, code="BAD_REQUEST"), "answer 400 BAD_REQUEST"),
        (Rule(status=503, retry_after_date=3.0), "answer 503, Retry-After a date in 3 s"),
        (Rule(status=302, location="/x"), "answer 302, redirect to /x"),
        (Rule(delay=0.5, connection=ConnectionFault.RESET), "wait 0.5 s, reset the connection without an answer"),
        (Rule(drip=0.1, padding=5, headers={"A": "b"}), "change headers, 5 bytes of padding, a byte every 0.1 s"),
        (Rule(connection=ConnectionFault.HANG, processed=False), "never answer, the contact isn't stored"),
        (Rule(connection=ConnectionFault.KEEP, processed=True), "the contact is stored"),
        (Rule(connection=ConnectionFault.KEEP), "nothing"),
    ],
)
def test_consequences_in_words(rule: Rule, text: str) -> None:
    assert consequences(rule) == text
