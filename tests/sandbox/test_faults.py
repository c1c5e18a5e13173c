"""Fault rules of the sandbox, and how they are described."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from consumer.sandbox.describe import conditions, consequences
from consumer.sandbox.faults import ConnectionFault, Faults, Per, Rule, Script

if TYPE_CHECKING:
    from consumer.sandbox.call import Call
    from tests.sandbox.conftest import MakeCall


@pytest.fixture
def jane_call(make_call: MakeCall, jane: dict[str, str]) -> Call:
    return make_call("POST", "/v3/lists/428/contacts", jane)


def fired(rule: Rule, call: Call, requests: int) -> list[int]:
    """The numbers, from 1, of those of so many equal requests that the rule meets."""
    faults = Faults(Script((rule,)), started=0.0)
    return [number for number in range(1, requests + 1) if faults.match(call, now=0.0)]


@pytest.mark.parametrize(("now", "expected"), [(109.9, False), (110.0, True), (119.9, True), (120.0, False)], ids=str)
def test_a_time_window_counts_from_the_scripts_start(jane_call: Call, now: float, expected: bool) -> None:
    faults = Faults(Script((Rule(after=10.0, until=20.0, status=503),)), started=100.0)
    assert (faults.match(jane_call, now) is not None) is expected


@pytest.mark.parametrize(
    ("contact", "expected"),
    [
        (("jane.doe@example.com",), True),
        (("JANE.DOE@example.com",), True),
        (("*@example.com",), True),
        (("+1415*",), True),
        (("nobody@example.com", "+14155550132"), True),
        (("jane",), False),
        (("*@example.org", "+44*"), False),
    ],
    ids=str,
)
def test_a_contact_is_met_by_email_or_phone(jane_call: Call, contact: tuple[str, ...], expected: bool) -> None:
    assert bool(fired(Rule(contact=contact, status=400), jane_call, requests=1)) is expected


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", None, True),
        ("post", None, True),
        ("GET", None, False),
        (None, "/v3/lists/428/contacts", True),
        (None, "/v3/lists/*", True),
        (None, "/v3/lists/428", False),
        ("GET", "/v3/*", False),
    ],
)
def test_method_and_path(jane_call: Call, method: str | None, path: str | None, expected: bool) -> None:
    assert bool(fired(Rule(method=method, path=path, status=500), jane_call, requests=1)) is expected


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        pytest.param(Rule(nth=(3,), status=500), [3], id="the third"),
        pytest.param(Rule(nth=(1, 4), status=500), [1, 4], id="the first and the fourth"),
        pytest.param(Rule(every=3, status=500), [3, 6, 9], id="every third"),
        pytest.param(Rule(first=2, status=500), [1, 2], id="the first two"),
        pytest.param(Rule(every=2, times=2, status=500), [2, 4], id="every second, at most twice"),
        pytest.param(Rule(every=2, first=5, status=500), [2, 4], id="every second of the first five"),
        pytest.param(Rule(probability=0.0, status=500), [], id="never"),
        pytest.param(Rule(status=500), list(range(1, 11)), id="always"),
    ],
)
def test_counting(jane_call: Call, rule: Rule, expected: list[int]) -> None:
    assert fired(rule, jane_call, requests=10) == expected


def test_only_requests_that_the_other_conditions_fit_are_counted(make_call: MakeCall, jane_call: Call) -> None:
    faults = Faults(Script((Rule(method="POST", nth=(2,), status=500),)), started=0.0)
    probe = make_call("GET", "/v3/account")
    calls = [jane_call, probe, probe, jane_call, jane_call]
    assert [faults.match(call, 0.0) is not None for call in calls] == [False, False, False, True, False]


def test_counting_for_each_contact(make_call: MakeCall) -> None:
    faults = Faults(Script((Rule(first=1, per=Per.CONTACT, status=500),)), started=0.0)
    a, b = (make_call("POST", "/v3/lists/428/contacts", {"email": f"{name}@example.com"}) for name in "ab")
    assert [faults.match(call, 0.0) is not None for call in (a, a, b, b, a)] == [True, False, True, False, False]


def test_the_first_rule_that_fits_decides_and_the_others_do_not_count(jane_call: Call) -> None:
    faults = Faults(Script((Rule(name="a", every=2, status=500), Rule(name="b", every=2, status=502))), started=0.0)
    met = [faults.match(jane_call, 0.0) for _ in range(6)]
    assert [rule.name if rule else None for rule in met] == [None, "a", "b", "a", None, "a"]
    assert [rule.fired for rule in faults.rules] == [3, 1]


def test_the_same_seed_meets_the_same_requests(jane_call: Call) -> None:
    def drawn(seed: int) -> list[bool]:
        faults = Faults(Script((Rule(probability=0.5, status=500),), seed), started=0.0)
        return [faults.match(jane_call, 0.0) is not None for _ in range(64)]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
    assert 0 < sum(drawn(1)) < 64


def test_a_rule_without_a_name_is_called_by_its_number(jane_call: Call) -> None:
    faults = Faults(Script((Rule(every=9, status=500), Rule(status=502))), started=0.0)
    met = faults.match(jane_call, 0.0)
    assert met is not None
    assert met.name == "rule 2"


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
