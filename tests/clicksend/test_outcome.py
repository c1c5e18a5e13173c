"""The outcome table, one test per row."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from consumer.clicksend.fault import Fault
from consumer.clicksend.outcome import STATUS_LABELS, Cause, Outcome, Result, classify, status_label
from tests.clicksend.expected import NOW, fault, transient

DELIVERED = Outcome(Result.DELIVERED)
EXISTS = Outcome(Result.ALREADY_EXISTS)
SUSPICIOUS = Outcome(Result.SUSPICIOUS)
REJECTED = Outcome(Result.REJECTED)


def meaning(status: int, **body: object) -> Outcome:
    """Return an outcome without the response's details."""
    outcome = classify(status, {}, json.dumps(body).encode(), NOW)
    return Outcome(outcome.result, fault=outcome.fault, cause=outcome.cause)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, DELIVERED),
        (201, DELIVERED),
        (204, DELIVERED),
        (299, DELIVERED),
        (300, fault(Fault.REDIRECTED)),
        (301, fault(Fault.REDIRECTED)),
        (304, fault(Fault.REDIRECTED)),
        (308, fault(Fault.REDIRECTED)),
        (400, REJECTED),
        (401, fault(Fault.UNAUTHORIZED)),
        (402, fault(Fault.PAYMENT_REQUIRED)),
        (403, SUSPICIOUS),
        (404, SUSPICIOUS),
        (405, SUSPICIOUS),
        (406, REJECTED),
        (407, fault(Fault.PROXY_UNAUTHORIZED)),
        (408, transient(Cause.TIMEOUT)),
        (409, REJECTED),
        (413, REJECTED),
        (415, REJECTED),
        (422, REJECTED),
        (425, transient(Cause.UNAVAILABLE)),
        (429, transient(Cause.RATE_LIMITED)),
        (451, REJECTED),
        (499, REJECTED),
        (500, transient(Cause.SERVER_ERROR)),
        (502, transient(Cause.SERVER_ERROR)),
        (503, transient(Cause.UNAVAILABLE)),
        (504, transient(Cause.SERVER_ERROR)),
        (599, transient(Cause.SERVER_ERROR)),
    ],
)
def test_a_status_alone_decides_where_the_body_says_nothing(status: int, expected: Outcome) -> None:
    assert meaning(status) == expected


@pytest.mark.parametrize("status", [-1, 0, 99, 100, 103, 199, 600, 999])
@pytest.mark.parametrize("code", ["SUCCESS", "ALREADY_EXISTS", "INVALID_CREDENTIALS"])
def test_a_status_that_is_no_final_one_of_http_is_malformed_whatever_the_body(status: int, code: str) -> None:
    assert meaning(status, response_code=code) == transient(Cause.MALFORMED)


@pytest.mark.parametrize("status", [200, 301, 400, 401, 403, 409, 429, 500, 503])
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ALREADY_EXISTS", EXISTS),
        ("UNAUTHORIZED", fault(Fault.UNAUTHORIZED)),
        ("INVALID_CREDENTIALS", fault(Fault.UNAUTHORIZED)),
        ("MISSING_CREDENTIALS", fault(Fault.UNAUTHORIZED)),
        ("ACCOUNT_NOT_ACTIVATED", fault(Fault.ACCOUNT)),
        ("INSUFFICIENT_CREDIT", fault(Fault.PAYMENT_REQUIRED)),
        ("NOT_ENOUGH_PERMISSION_TO_LIST_ID", fault(Fault.FORBIDDEN)),
    ],
)
def test_an_account_code_or_already_exists_decides_under_any_status(status: int, code: str, expected: Outcome) -> None:
    assert meaning(status, response_code=code) == expected


@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param({"response_code": "BAD_REQUEST"}, REJECTED, id="bad request"),
        pytest.param({"response_code": "FORBIDDEN"}, SUSPICIOUS, id="forbidden"),
        pytest.param({"response_code": "NOT_FOUND"}, SUSPICIOUS, id="not found"),
        pytest.param({"response_code": "TOO_MANY_REQUESTS"}, transient(Cause.RATE_LIMITED), id="too many"),
        pytest.param({"response_code": "THROTTLED"}, transient(Cause.RATE_LIMITED), id="throttled"),
        pytest.param({"response_code": "INTERNAL_SERVER_ERROR"}, transient(Cause.SERVER_ERROR), id="server error"),
        pytest.param({"response_code": "INTERNAL_ERROR"}, transient(Cause.SERVER_ERROR), id="internal error"),
        pytest.param({"response_code": "MISSING_REQUIRED_FIELDS"}, REJECTED, id="any other code"),
        pytest.param({"response_code": "no-code-at-all"}, REJECTED, id="a code of no known form"),
        pytest.param({"response_code": 400}, REJECTED, id="integer code"),
        pytest.param({"response_code": "503"}, transient(Cause.UNAVAILABLE), id="integer code as text"),
        pytest.param({"http_code": 401}, fault(Fault.UNAUTHORIZED), id="http code alone"),
        pytest.param({"http_code": 429, "response_code": "SUCCESS"}, transient(Cause.RATE_LIMITED), id="contradiction"),
        pytest.param({"http_code": 500, "response_code": "ODD"}, transient(Cause.SERVER_ERROR), id="both fail"),
        pytest.param({"response_code": " Too_Many_Requests"}, transient(Cause.RATE_LIMITED), id="other case, a space"),
        pytest.param({"response_code": "invalid_credentials"}, fault(Fault.UNAUTHORIZED), id="credentials, other case"),
        pytest.param({"response_code": "Already_Exists"}, Outcome(Result.ALREADY_EXISTS), id="exists, other case"),
        pytest.param({"http_code": 500.0}, transient(Cause.SERVER_ERROR), id="a float"),
        pytest.param({"http_code": " 503 "}, transient(Cause.UNAVAILABLE), id="text with spaces"),
    ],
)
def test_a_failure_in_the_body_of_a_2xx_counts_as_that_failure(
    status: int, body: dict[str, object], expected: Outcome
) -> None:
    assert meaning(status, **body) == expected


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b" \r\n", id="white space"),
        pytest.param(b"{}", id="no code"),
        pytest.param(b'{"response_code": null, "http_code": null}', id="null"),
        pytest.param(b'{"response_code": ""}', id="empty code"),
        pytest.param(b'{"response_code": "SUCCESS", "http_code": 200}', id="success"),
        pytest.param(b'{"response_code": "Success"}', id="success in another case"),
        pytest.param(b'{"response_code": "SUCCESS "}', id="success and a space"),
        pytest.param(b'{"response_code": "SUCCESS", "data": {"first_name": "\\ud83d"}}', id="half an emoji is echoed"),
        pytest.param(b'{"response_code": "SUCCESS", "data": {"id": 1e400}}', id="a number beyond a float"),
        pytest.param(b'{"http_code": 1e400}', id="a status beyond a float"),
        pytest.param(b'{"response_code": "CREATED", "http_code": 201}', id="created"),
        pytest.param(b'{"response_code": 200}', id="integer code"),
        pytest.param(b'{"response_code": 0, "http_code": "200"}', id="a number that is no status"),
        pytest.param(b'{"response_code": true, "http_code": [500]}', id="neither text nor number"),
    ],
)
def test_a_2xx_is_delivered_unless_its_body_says_otherwise(body: bytes) -> None:
    assert classify(200, {}, body, NOW).result is Result.DELIVERED


@pytest.mark.parametrize("status", [200, 201, 204, 299])
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"<html>Thank you</html>", id="HTML"),
        pytest.param(b"OK", id="text"),
        pytest.param(b"{" + b'"a":{' * 60_000, id="too deep"),
        pytest.param(b'{"http_code":200,"response_code":"SUCC', id="cut"),
        pytest.param(b'["SUCCESS"]', id="an array"),
        pytest.param(b'"SUCCESS"', id="a JSON text"),
        pytest.param(b"null", id="null"),
        pytest.param(b"200", id="a number"),
        pytest.param(
            b'<br />\n<b>Warning</b>: x in y.php\n{"http_code":200,"response_code":"SUCCESS"}', id="PHP warning"
        ),
        pytest.param(b'{"http_code":200,"response_code":"SUCCESS"}{}', id="more behind it"),
        pytest.param(b"\x1f\x8b\x08\x00\x00", id="the beginning of gzip"),
        pytest.param(b"\x00", id="a NUL"),
        pytest.param(b"\xff\xfe{\x00}\x00", id="UTF-16"),
    ],
)
def test_a_2xx_with_anything_but_a_json_object_is_unintelligible(status: int, body: bytes) -> None:
    """A captive portal, a wrong host or a gateway answers: nobody knows whether ClickSend has the contact."""
    assert classify(status, {}, body, NOW) == replace(transient(Cause.UNINTELLIGIBLE), status=status)


@pytest.mark.parametrize("body", [b'\xef\xbb\xbf{"http_code": 400}', b'{"http_code": 400, "response_msg": "caf\xe9"}'])
def test_a_body_with_a_bom_or_in_another_encoding_is_still_read(body: bytes) -> None:
    assert classify(200, {}, body, NOW).result is Result.REJECTED


@pytest.mark.parametrize("code", ["THROTTLED", "TOO_MANY_REQUESTS", "INTERNAL_ERROR", "INTERNAL_SERVER_ERROR"])
def test_a_passing_failure_under_a_rejecting_status_is_transient(code: str) -> None:
    assert meaning(400, response_code=code).result is Result.TRANSIENT


@pytest.mark.parametrize("code", ["SUCCESS", "FORBIDDEN", "NOT_FOUND", "BAD_REQUEST", 500, 0])
def test_no_other_code_softens_a_rejecting_status(code: object) -> None:
    assert meaning(400, response_code=code) == REJECTED


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("BAD_REQUEST", "BAD_REQUEST"),
        ("A" * 64, "A" * 64),
        ("A" * 65, "other"),
        ("bad_request", "other"),
        ("jane.doe@example.com", "other"),
        ("BAD_REQUEST\n", "other"),
        ("", None),
        (400, None),
        (None, None),
    ],
)
def test_a_vendor_code_is_shown_only_in_its_usual_form(code: object, shown: str | None) -> None:
    assert classify(400, {}, json.dumps({"response_code": code}).encode(), NOW).code == shown


def test_the_http_status_is_kept_as_it_came() -> None:
    assert classify(200, {}, b'{"http_code": 500}', NOW).status == 200


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_retry_after_is_read_of_transient_outcomes(status: int) -> None:
    assert classify(status, {"Retry-After": "120"}, b"", NOW).retry_after == 120


@pytest.mark.parametrize("status", [200, 301, 401, 403, 413])
def test_retry_after_is_ignored_elsewhere(status: int) -> None:
    assert classify(status, {"Retry-After": "120"}, b"", NOW).retry_after is None


@pytest.mark.parametrize(
    ("status", "label"),
    [
        (200, "200"),
        (201, "2xx"),
        (302, "3xx"),
        (400, "400"),
        (403, "403"),
        (409, "4xx"),
        (503, "503"),
        (504, "5xx"),
        (None, "none"),
        (0, "none"),
        (103, "none"),
        (600, "none"),
    ],
)
def test_a_status_has_a_label_of_a_closed_list(status: int | None, label: str) -> None:
    assert status_label(status) == label


def test_there_are_few_label_sets() -> None:
    assert STATUS_LABELS.keys() == set(Result)
    assert sum(map(len, STATUS_LABELS.values())) <= 60


_WORDS = st.sampled_from(["200", "503", "SUCCESS", "THROTTLED", "ALREADY_EXISTS", "INVALID_CREDENTIALS", "FORBIDDEN"])
_BODIES = st.binary() | st.dictionaries(
    st.sampled_from(["http_code", "response_code"]), st.integers(-1, 1000) | st.text() | _WORDS
).map(lambda body: json.dumps(body).encode())


@settings(deadline=None)
@given(st.integers(0, 999), st.text(), _BODIES)
def test_whatever_the_answer_it_has_a_whole_outcome(status: int, retry_after: str, body: bytes) -> None:
    outcome = classify(status, {"Retry-After": retry_after}, body, NOW)
    assert (outcome.fault is not None) == (outcome.result is Result.CONFIGURATION_FAULT)
    assert (outcome.cause is not None) == (outcome.result is Result.TRANSIENT)
    assert status_label(outcome.status) in STATUS_LABELS[outcome.result]


def test_the_short_cut_for_the_usual_answer_says_what_the_table_says() -> None:
    usual = classify(200, {}, b'{"http_code":200,"response_code":"SUCCESS"}', NOW)
    assert usual == classify(200, {}, b'{"http_code":"200","response_code":"SUCCESS"}', NOW)
    assert usual == Outcome(Result.DELIVERED, status=200, code="SUCCESS")


@pytest.mark.parametrize("answer", [{"http_code": 400}, {"response_code": "BAD_REQUEST"}], ids=["status", "code"])
def test_the_short_cut_is_for_the_usual_answer_only(answer: dict[str, object]) -> None:
    assert meaning(200, **({"http_code": 200, "response_code": "SUCCESS"} | answer)) == REJECTED
