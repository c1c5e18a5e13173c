"""ClickSend's routes over the stand-in's state. Pure: no socket, and the time is a parameter."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from consumer.sandbox import answers
from consumer.sandbox.answers import SandboxResponse
from consumer.sandbox.faults import Faults, faulty_answer
from consumer.sandbox.limiter import RequestLimit
from consumer.sandbox.options import UnknownList
from consumer.sandbox.store import FIELDS, Store, Stored

if TYPE_CHECKING:
    from consumer.sandbox.call import Call
    from consumer.sandbox.faults import ArmedRule, Script
    from consumer.sandbox.options import SandboxOptions

MAX_PER_PAGE = 100
PER_PAGE = 15
E164 = re.compile(r"\+[1-9][0-9]{1,14}")
"""ITU-T E.164: a plus sign and at most fifteen digits, the first of them not zero."""

KNOWN = frozenset(FIELDS)


@dataclass(frozen=True, slots=True)
class Reply:
    """answer -- the response; fault -- the rule that matched, if any; stored -- the result for the contact, if any."""

    answer: SandboxResponse
    fault: ArmedRule | None = None
    stored: Stored | None = None


class App:
    """One ClickSend account with its lists and its faults."""

    def __init__(self, options: SandboxOptions, now: float) -> None:
        self.options = options
        self._list_ids = {str(list_id): list_id for list_id in options.list_ids}
        self.limiter = RequestLimit(options.rate_limit) if options.rate_limit is not None else None
        self.set_credentials(options.username, options.api_key)
        self.set_faults(options.faults, now)
        self.reset(now)

    def set_faults(self, script: Script, now: float) -> None:
        """Replace the script; the clock and the counts of the new one start now."""
        self.faults = Faults(script, now)

    def set_credentials(self, username: str, api_key: str) -> None:
        """Accept only these from now on."""
        self.username = username
        self._authorization = "Basic " + b64encode(f"{username}:{api_key}".encode()).decode()

    def reset(self, now: float) -> None:
        """Empty the lists."""
        self.reset_at = now
        self.store = Store(self.options.list_ids, self.options.duplicates, self.options.max_contacts)

    def receive(self, call: Call, now: float) -> Reply:
        """Answer one request to /v3. now -- seconds since the epoch."""
        fault = self.faults.match(call, now)
        if fault is None:
            return self._process(call, now)
        if not fault.rule.stores:
            return Reply(faulty_answer(fault.rule, None, now), fault)
        ordinary = self._process(call, now)
        return Reply(faulty_answer(fault.rule, ordinary.answer, now), fault, ordinary.stored)

    def _process(self, call: Call, now: float) -> Reply:
        if call.headers.get("Authorization") != self._authorization:
            return Reply(answers.UNAUTHORIZED)
        if self.limiter is not None:
            wait = self.limiter.wait(now)
            if wait is not None:
                return Reply(answers.too_many(wait, self.limiter.limit.retry_after, now))
        return self._route(call, now)

    def _route(self, call: Call, now: float) -> Reply:
        match call.path.split("/"):
            case ["", "v3", "lists", list_id, "contacts"]:
                return self._contacts(call, list_id, now)
            case ["", "v3", "lists", list_id, "contacts", contact_id]:
                return self._contact(call, list_id, contact_id, now)
            case ["", "v3", "lists", list_id]:
                return self._only_get(call, self._list(list_id))
            case ["", "v3", "lists"]:
                return self._only_get(call, answers.all_lists(self.store, *paging(call.query)))
            case ["", "v3", "account"]:
                return self._only_get(call, answers.account(self.username, self.options.account))
            case _:
                return Reply(answers.NO_SUCH_ROUTE)

    def _only_get(self, call: Call, answer: SandboxResponse) -> Reply:
        return Reply(answer if call.method == "GET" else answers.WRONG_METHOD)

    def _list(self, list_id: str) -> SandboxResponse:
        known = self._known_list(list_id)
        return self._unknown_list() if known is None else answers.one_list(self.store, known)

    def _contacts(self, call: Call, list_id: str, now: float) -> Reply:
        known = self._known_list(list_id)
        if known is None:
            return Reply(self._unknown_list())
        if call.method == "GET":
            return Reply(answers.contacts(self.store, known, *paging(call.query)))
        if call.method != "POST":
            return Reply(answers.WRONG_METHOD)
        fields = contact_fields(call)
        if isinstance(fields, SandboxResponse):
            return Reply(fields)
        how, contact = self.store.add(known, fields, now)
        return Reply(answers.stored(how, contact), stored=how)

    def _contact(self, call: Call, list_id: str, contact_id: str, now: float) -> Reply:
        if call.method != "PUT":
            return Reply(answers.WRONG_METHOD)
        known = self._known_list(list_id)
        number = natural(contact_id)
        if known is None or number is None:
            return Reply(answers.NO_SUCH_CONTACT)
        fields = contact_fields(call)
        if isinstance(fields, SandboxResponse):
            return Reply(fields)
        contact = self.store.update(known, number, fields, now)
        if contact is None:
            return Reply(answers.NO_SUCH_CONTACT)
        return Reply(answers.stored(Stored.UPDATED, contact), stored=Stored.UPDATED)

    def _known_list(self, text: str) -> int | None:
        """Return the list's id, None if there is no such list."""
        return self._list_ids.get(text)

    def _unknown_list(self) -> SandboxResponse:
        forbidden = self.options.unknown_list is UnknownList.FORBIDDEN
        return answers.FORBIDDEN if forbidden else answers.NO_SUCH_LIST


def contact_fields(call: Call) -> dict[str, str] | SandboxResponse:
    """Return the contact of a request, or the refusal of an invalid one."""
    content_type = call.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if content_type != answers.JSON or call.payload is None:
        return answers.NOT_JSON
    return checked_fields(call.payload)


def paging(query: str) -> tuple[int, int]:
    """Return `page` and `limit` of a collection, within ClickSend's bounds."""
    asked = parse_qs(query)
    page, limit = (natural(asked.get(name, [""])[0]) for name in ("page", "limit"))
    return max(1, page or 1), min(MAX_PER_PAGE, limit or PER_PAGE)


def natural(text: str) -> int | None:
    """Return the number in a path or a query, None if it isn't one of at most 18 digits."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None


def checked_fields(payload: object) -> dict[str, str] | SandboxResponse:
    """Return the contact's known fields that are not empty, or the response that rejects the contact."""
    if not isinstance(payload, dict):
        return answers.NOT_AN_OBJECT
    fields = {name: value for name, value in payload.items() if name in KNOWN and value != ""}
    for value in fields.values():
        if not isinstance(value, str):
            return answers.NOT_A_STRING
    if "email" not in fields and "phone_number" not in fields and "fax_number" not in fields:
        return answers.NO_IDENTITY
    phone = fields.get("phone_number")
    if phone is not None and not E164.fullmatch(phone):
        return answers.BAD_PHONE
    return fields
