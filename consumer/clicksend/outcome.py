"""The outcome table: classify ClickSend's response to one request."""

from __future__ import annotations

import json
import re
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

import orjson
from msgspec import Struct
from msgspec.structs import replace

from consumer.clicksend.fault import Fault
from consumer.clicksend.retry_after import parse_retry_after
from consumer.enum_members import found_quickly

if TYPE_CHECKING:
    from collections.abc import Container, Mapping
    from datetime import datetime


@found_quickly
class Result(StrEnum):
    """The class of an outcome; `consumer.delivery` decides the action."""

    DELIVERED = "delivered"
    ALREADY_EXISTS = "already_exists"  # ClickSend has the contact, perhaps with an older consent
    TRANSIENT = "transient"  # temporary, and not this contact's fault
    CONFIGURATION_FAULT = "configuration_fault"  # an operator must fix it
    SUSPICIOUS = "suspicious"  # the contact's fault or the configuration's: the probe decides
    REJECTED = "rejected"  # ClickSend will never accept this contact


@found_quickly
class Cause(StrEnum):
    """Why an outcome is transient."""

    DNS = "dns"
    CONNECT = "connect"  # refused, unreachable, or not within the connect timeout: nothing was sent
    TLS = "tls"  # the handshake failed for another reason than the certificate
    PROXY = "proxy"  # the proxy opens no tunnel
    TIMEOUT = "timeout"  # sent, and no complete response in time
    RESET = "reset"  # sent, and the connection broke before the response
    MALFORMED = "malformed"  # a response that is truncated, oversized or not HTTP
    UNINTELLIGIBLE = "unintelligible"  # a 2xx without a JSON object: perhaps not ClickSend's
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    SERVER_ERROR = "server_error"
    OTHER = "other"


class Outcome(Struct, frozen=True):
    """The classified end of one request.

    status      -- the HTTP status; None without a usable response
    code        -- ClickSend's code in the body; "other" if it has an unexpected form
    retry_after -- seconds of the `Retry-After`, 0 to 3600; of transient outcomes only
    unread      -- the `Retry-After` can't be parsed
    fault       -- of configuration faults, and only of those
    cause       -- of transient outcomes, and only of those
    """

    result: Result
    status: int | None = None
    code: str | None = None
    retry_after: float | None = None
    fault: Fault | None = None
    cause: Cause | None = None
    unread: bool = False


def _transient(cause: Cause) -> Outcome:
    return Outcome(Result.TRANSIENT, cause=cause)


def _fault(fault: Fault) -> Outcome:
    return Outcome(Result.CONFIGURATION_FAULT, fault=fault)


MALFORMED = _transient(Cause.MALFORMED)
_UNINTELLIGIBLE = _transient(Cause.UNINTELLIGIBLE)
_SUCCESS = Outcome(Result.DELIVERED, status=200, code="SUCCESS")  # nearly every outcome: skips the table

_NO_OBJECT: Mapping[str, object] = {}

# Codes that override the status.
_CODES: Mapping[str, Outcome] = {
    "ALREADY_EXISTS": Outcome(Result.ALREADY_EXISTS),
    "UNAUTHORIZED": _fault(Fault.UNAUTHORIZED),
    "INVALID_CREDENTIALS": _fault(Fault.UNAUTHORIZED),
    "MISSING_CREDENTIALS": _fault(Fault.UNAUTHORIZED),
    "ACCOUNT_NOT_ACTIVATED": _fault(Fault.ACCOUNT),
    "INSUFFICIENT_CREDIT": _fault(Fault.PAYMENT_REQUIRED),
    "NOT_ENOUGH_PERMISSION_TO_LIST_ID": _fault(Fault.FORBIDDEN),
}

# Codes that replace a status: all of them under a 2xx, transient ones also under a rejection.
_CODE_STATUSES: Mapping[str, int] = {
    "BAD_REQUEST": 400,
    "FORBIDDEN": 403,
    "NOT_FOUND": 404,
    "TOO_MANY_REQUESTS": 429,
    "THROTTLED": 429,
    "INTERNAL_SERVER_ERROR": 500,
    "INTERNAL_ERROR": 500,
}

# The first row that holds the status decides.
_STATUSES: tuple[tuple[Container[int], Outcome], ...] = (
    (range(200, 300), Outcome(Result.DELIVERED)),
    (range(300, 400), _fault(Fault.REDIRECTED)),
    ((401,), _fault(Fault.UNAUTHORIZED)),
    ((402,), _fault(Fault.PAYMENT_REQUIRED)),
    ((403, 404, 405), Outcome(Result.SUSPICIOUS)),
    ((407,), _fault(Fault.PROXY_UNAUTHORIZED)),
    ((408,), _transient(Cause.TIMEOUT)),
    ((425,), _transient(Cause.UNAVAILABLE)),
    ((429,), _transient(Cause.RATE_LIMITED)),
    (range(400, 500), Outcome(Result.REJECTED)),
    ((503,), _transient(Cause.UNAVAILABLE)),
    (range(500, 600), _transient(Cause.SERVER_ERROR)),
)

_SHOWN_CODE = re.compile(r"[A-Z_]{1,64}")
_GOOD_CODE = re.compile(r"SUCCESS\w*|OK|CREATED")


def classify(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> Outcome:
    """Classify a response. Never raises.

    headers -- case-insensitive, as those of requests
    body    -- complete
    now     -- with a time zone, for a `Retry-After` that is a date
    """
    answer = _parse(body)
    if status == 200 and answer.get("response_code") == "SUCCESS" and answer.get("http_code") == 200:
        return _SUCCESS
    outcome = _by_status(status)
    if outcome is MALFORMED:  # not a final HTTP status: ignore the body, too
        return replace(MALFORMED, status=status)
    code, word = _code(answer), _word(answer)
    if word in _CODES:
        outcome = _CODES[word]
    elif outcome.result is Result.DELIVERED and answer is _NO_OBJECT:
        outcome = _UNINTELLIGIBLE if body.strip() else outcome
    elif outcome.result is Result.DELIVERED:
        outcome = _by_status(_status_in_body(answer, word) or status)
    elif outcome.result is Result.REJECTED:
        by_code = _by_status(_CODE_STATUSES.get(word, status))
        outcome = by_code if by_code.result is Result.TRANSIENT else outcome
    asked = headers.get("Retry-After") if outcome.result is Result.TRANSIENT else None
    retry_after = parse_retry_after(asked, now)
    unread = asked is not None and retry_after is None
    return replace(outcome, status=status, code=code, retry_after=retry_after, unread=unread)


def _by_status(status: int) -> Outcome:
    return next((outcome for statuses, outcome in _STATUSES if status in statuses), MALFORMED)


def _parse(body: bytes) -> Mapping[str, object]:
    """Return the body as a JSON object, else `_NO_OBJECT`. PHP may send any encoding, or a BOM."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        try:  # orjson refuses lone surrogates and huge numbers, which truncated echoes may contain
            answer = json.loads(body.decode("utf-8-sig", errors="replace"))
        except (ValueError, RecursionError):
            return _NO_OBJECT
    return answer if isinstance(answer, dict) else _NO_OBJECT


def _code(answer: Mapping[str, object]) -> str | None:
    code = answer.get("response_code")
    if not isinstance(code, str) or not code:
        return None
    return code if _SHOWN_CODE.fullmatch(code) else "other"


def _word(answer: Mapping[str, object]) -> str:
    """Return the code in upper case and stripped, as in the tables; empty if there is none."""
    code = answer.get("response_code")
    return code.strip().upper() if isinstance(code, str) else ""


def _status_in_body(answer: Mapping[str, object], code: str) -> int | None:
    """Return the failing status in the body of a 2xx; None if there is none. `code` as in the tables."""
    if code in _CODE_STATUSES:
        return _CODE_STATUSES[code]
    for field in (answer.get("http_code"), answer.get("response_code")):
        if (status := _as_status(field)) and status not in range(200, 300):
            return status
    if not code or _as_status(code) or _GOOD_CODE.fullmatch(code):
        return None
    return 400  # an undocumented code: a dead letter keeps the contact, a delivery might lose it


def _as_status(word: object) -> int | None:
    """Return a status that is a number or a text; None for other values."""
    if isinstance(word, str) and re.fullmatch(r"\s*[0-9]{3}\s*", word, re.ASCII):
        word = int(word)
    if isinstance(word, float) and word.is_integer():  # 500.0 is 500: JSON has one kind of number
        word = int(word)
    return word if type(word) is int and 200 <= word < 600 else None


_LABELLED = (200, 400, 401, 403, 404, 429, 500, 503)
_ANY = ("200", "2xx", "3xx", "400", "401", "403", "404", "429", "500", "503", "4xx", "5xx")

STATUS_LABELS: Mapping[Result, tuple[str, ...]] = {
    Result.DELIVERED: ("200", "2xx"),
    Result.ALREADY_EXISTS: _ANY,
    Result.TRANSIENT: (*_ANY, "none"),
    Result.CONFIGURATION_FAULT: (*_ANY, "none"),
    Result.SUSPICIOUS: ("200", "2xx", "403", "404", "4xx"),
    Result.REJECTED: ("200", "2xx", "400", "4xx"),
}
"""Every metric label for the status, by result: a closed list."""


@cache  # bounded by the number of HTTP statuses
def status_label(status: int | None) -> str:
    """Return the label for a status: itself if common, else its class; `none` without a usable response."""
    if status in _LABELLED:
        return str(status)
    return f"{status // 100}xx" if status is not None and 200 <= status < 600 else "none"
