from __future__ import annotations

import json

import pytest

from consumer.sandbox.answers import SandboxResponse, failure, success
from consumer.sandbox.faults import Rule, faulty_answer

ORDINARY = success("New contact has been created.", {"contact_id": 1})


def made(rule: Rule, ordinary: SandboxResponse | None = ORDINARY) -> SandboxResponse:
    return faulty_answer(rule, ordinary, now=946_684_800.0)


def test_a_status_brings_clicksends_body_for_it() -> None:
    answer = made(Rule(status=503))
    assert answer.status == 503
    assert json.loads(answer.body) == {
        "http_code": 503,
        "response_code": "SERVICE_UNAVAILABLE",
        "response_msg": "The fault script says so.",
        "data": None,
    }


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        (Rule(status=200), "SUCCESS"),
        (Rule(status=418), "BAD_REQUEST"),
        (Rule(status=599), "INTERNAL_SERVER_ERROR"),
        (Rule(status=200, code="INVALID_CREDENTIALS"), "INVALID_CREDENTIALS"),
        (Rule(status=400, code=0), 0),
    ],
)
def test_the_code_is_the_usual_one_unless_given(rule: Rule, code: str | int) -> None:
    assert json.loads(made(rule).body)["response_code"] == code


def test_a_message_of_ones_own() -> None:
    assert json.loads(made(Rule(status=400, message="No.")).body)["response_msg"] == "No."


def test_a_raw_body_with_its_own_type() -> None:
    answer = made(Rule(status=502, body="<h1>Bad gateway</h1>", headers={"content-type": "text/html"}))
    assert answer.body == b"<h1>Bad gateway</h1>"
    assert dict(answer.headers)["Content-Type"] == "text/html"


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        (Rule(status=429, retry_after=2.0), "2"),
        (Rule(status=429, retry_after=0.5), "0.5"),
        (Rule(status=429, retry_after=1_234_567.0), "1234567"),
        (Rule(status=429, retry_after="soon"), "soon"),
        (Rule(status=429, retry_after_date=90.0), "Sat, 01 Jan 2000 00:01:30 GMT"),
        (Rule(status=429, retry_after_date=-60.0), "Fri, 31 Dec 1999 23:59:00 GMT"),
    ],
)
def test_retry_after(rule: Rule, value: str) -> None:
    assert dict(made(rule).headers)["Retry-After"] == value


def test_a_redirect_names_its_target() -> None:
    answer = made(Rule(status=302, location="https://elsewhere.example/"))
    assert (answer.status, dict(answer.headers)["Location"]) == (302, "https://elsewhere.example/")


def test_padding_leaves_the_json_as_it_is() -> None:
    answer = made(Rule(padding=1000))
    assert len(answer.body) == len(ORDINARY.body) + 1000
    assert json.loads(answer.body) == json.loads(ORDINARY.body)


def test_a_rule_about_the_connection_leaves_the_answer_alone() -> None:
    assert made(Rule(delay=1.0)) == ORDINARY


def test_without_processing_there_is_no_ordinary_answer() -> None:
    assert made(Rule(processed=False), ordinary=None) == failure(500, "The fault script says so.")


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_that_may_have_no_body_has_none(status: int) -> None:
    assert made(Rule(status=status)).body == b""
