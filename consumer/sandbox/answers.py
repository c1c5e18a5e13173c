"""ClickSend's bodies: always the same four keys (developers.clicksend.com; errors from public fixtures)."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import formatdate
from math import ceil
from typing import TYPE_CHECKING

import orjson

from consumer.sandbox.limiter import RetryAfter
from consumer.sandbox.store import FIELDS, Stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from consumer.sandbox.options import Account
    from consumer.sandbox.store import Store, StoredContact

ABSENT_FIELDS = dict.fromkeys(FIELDS)
JSON = "application/json"
JSON_HEADERS = (("Content-Type", JSON),)

CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    409: "ALREADY_EXISTS",
    413: "PAYLOAD_TOO_LARGE",
    429: "TOO_MANY_REQUESTS",
    500: "INTERNAL_SERVER_ERROR",
    503: "SERVICE_UNAVAILABLE",
}
"""The default `response_code` of a status."""

STORED_MESSAGES = {
    Stored.CREATED: "New contact has been created.",
    Stored.UPDATED: "Contact has been updated.",
}


@dataclass(frozen=True, slots=True)
class SandboxResponse:
    """A response. headers -- beside Content-Length, Date and Server."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = JSON_HEADERS


def envelope(status: int, code: str | int, message: str, data: object = None) -> SandboxResponse:
    body = {"http_code": status, "response_code": code, "response_msg": message, "data": data}
    return SandboxResponse(status, orjson.dumps(body))


def success(message: str, data: object) -> SandboxResponse:
    return envelope(200, "SUCCESS", message, data)


def failure(status: int, message: str, code: str | int | None = None) -> SandboxResponse:
    """Return a failure. code -- by default the usual one of the status."""
    return envelope(status, code if code is not None else usual_code(status), message)


def usual_code(status: int) -> str:
    if status < 300:
        return "SUCCESS"
    return CODES.get(status, "INTERNAL_SERVER_ERROR" if status >= 500 else "BAD_REQUEST")


UNAUTHORIZED = failure(401, "Authorization failed.")
FORBIDDEN = failure(403, "Resource not found or you don't have the permissions to access this resource.")
NO_SUCH_LIST = failure(404, "Your list is not found.")
NO_SUCH_CONTACT = failure(404, "Contact record not found.")
NO_SUCH_ROUTE = failure(404, "Resource not found.")
WRONG_METHOD = failure(405, "Method not allowed.")
TOO_LARGE = failure(413, "Request entity too large.")
NOT_JSON = failure(400, "The request body must be JSON with the header Content-Type: application/json.")
NOT_AN_OBJECT = failure(400, "The request body must be a JSON object.")
NO_IDENTITY = failure(400, "One of phone_number, email or fax_number is required.", "MISSING_REQUIRED_FIELDS")
BAD_PHONE = failure(400, "The phone number is invalid. Use the E.164 format, for example +61411111111.")
NOT_A_STRING = failure(
    400, "preg_replace(): Parameter mismatch, pattern is a string while replacement is an array", code=400
)
"""ClickSend's response to a field that isn't a string: an integer code, and PHP's message."""
ALREADY_EXISTS = failure(400, "The contact already exists in the list.", "ALREADY_EXISTS")


def too_many(wait: float, form: RetryAfter, now: float) -> SandboxResponse:
    """Refuse a request. wait -- seconds until a request is accepted; now -- seconds since the epoch."""
    refusal = failure(429, "Too many requests.")
    if form is RetryAfter.NONE:
        return refusal
    value = str(ceil(wait)) if form is RetryAfter.SECONDS else http_date(ceil(now + wait))
    return SandboxResponse(refusal.status, refusal.body, (*JSON_HEADERS, ("Retry-After", value)))


def http_date(at: float) -> str:
    """Return a date in the format of RFC 9110, 5.6.7. at -- seconds since the epoch."""
    return formatdate(at, usegmt=True)


def stored(how: Stored, contact: StoredContact) -> SandboxResponse:
    if how is Stored.ALREADY_EXISTS:
        return ALREADY_EXISTS
    return success(STORED_MESSAGES[how], contact_data(contact))


def account(username: str, account: Account) -> SandboxResponse:
    """Return the account as `GET /v3/account` shows it."""
    data = {
        "user_id": 1,
        "username": username,
        "user_email": "",
        "active": account.active,
        "banned": account.banned,
        "balance": "0.000000",
        "country": account.country,
        "default_country_sms": account.country,
        "timezone": "UTC",
        "_currency": {"currency_name_short": "USD", "currency_prefix_d": "$"},
        "_subaccount": {"subaccount_id": 1, "api_username": username, "access_contacts": account.access_contacts},
    }
    return success("Here's your account", data)


def one_list(store: Store, list_id: int) -> SandboxResponse:
    return success("Here is your list.", list_data(store, list_id))


def all_lists(store: Store, page: int, per_page: int) -> SandboxResponse:
    start = (page - 1) * per_page
    rows = [list_data(store, list_id) for list_id in store.list_ids[start : start + per_page]]
    return success("Here are your contact lists.", paged(rows, len(store.list_ids), page, per_page))


def contacts(store: Store, list_id: int, page: int, per_page: int) -> SandboxResponse:
    rows = [contact_data(contact) for contact in store.page(list_id, (page - 1) * per_page, per_page)]
    return success("Here are your contacts.", paged(rows, store.size(list_id), page, per_page))


def contact_data(contact: StoredContact) -> Mapping[str, object]:
    """Return a contact in ClickSend's form: every field, null where absent."""
    return {
        "contact_id": contact.contact_id,
        "list_id": contact.list_id,
        **ABSENT_FIELDS,
        **contact.fields,
        "date_added": int(contact.added_at),
        "date_updated": int(contact.updated_at),
        "_list_name": list_name(contact.list_id),
    }


def list_data(store: Store, list_id: int) -> Mapping[str, object]:
    return {"list_id": list_id, "list_name": list_name(list_id), "_contacts_count": store.size(list_id)}


def list_name(list_id: int) -> str:
    return f"Sandbox list {list_id}"


def paged(rows: Iterable[Mapping[str, object]], total: int, page: int, per_page: int) -> Mapping[str, object]:
    """Return a page of a collection in ClickSend's envelope."""
    data = list(rows)
    first = (page - 1) * per_page + 1
    return {
        "total": total,
        "per_page": per_page,
        "current_page": page,
        "last_page": max(1, ceil(total / per_page)),
        "from": first if data else None,
        "to": first + len(data) - 1 if data else None,
        "data": data,
    }
