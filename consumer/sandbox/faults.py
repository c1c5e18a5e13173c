"""The fault script: which requests fail, and the response that each of them gets."""

from __future__ import annotations

import re
from dataclasses import field
from enum import StrEnum
from fnmatch import translate
from random import Random
from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic.dataclasses import dataclass

from consumer.sandbox.answers import SandboxResponse, failure, http_date
from consumer.sandbox.counter import BoundedCounter

if TYPE_CHECKING:
    from consumer.sandbox.call import Call


def several(value: object) -> object:
    """Return `nth = 3` as `nth = [3]`."""
    if isinstance(value, list):
        return tuple(value)
    return (value,) if isinstance(value, str | int) else value


Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
Line = Annotated[str, StringConstraints(pattern=r"^[^\r\n\x00]*$")]
"""A header's value: one line."""
HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]+$")]

CONTACTS_COUNTED = 100_000
"""`per = "contact"` counts at most so many contacts; an evicted one is counted from 1 again."""

BODILESS = (204, 304)
"""Statuses without a body (RFC 9110, 6.4.1): a client would read a body as the next response."""
MESSAGE = "The fault script says so."
STRICT = ConfigDict(extra="forbid", strict=True)


class ConnectionFault(StrEnum):
    """The effect of a fault on the connection."""

    KEEP = "keep"
    CLOSE = "close"  # answered with `ConnectionFault: close`
    HANG = "hang"  # no answer, the connection stays open until the client closes it
    RESET = "reset"  # no answer, a TCP reset
    CUT = "cut"  # half of the answer, then a TCP reset
    TRUNCATE = "truncate"  # half of the answer, then an orderly close
    RESET_AFTER = "reset_after"  # the whole answer, then a TCP reset
    GARBAGE = "garbage"  # bytes that aren't HTTP


class Per(StrEnum):
    """The unit of `nth`, `every`, `first` and `times`."""

    RULE = "rule"  # all requests that match the rule's other conditions
    CONTACT = "contact"  # the same, separately for each contact


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class Rule:
    """One fault. All conditions must hold; an absent condition always holds.

    Conditions:
    after, until -- seconds since the script took effect
    contact -- email, phone or fax, exactly or with `*` and `?`, case-insensitive; one or several
    method, path -- of the request; the path exactly or with `*` and `?`
    nth -- only this one, or these, counted from 1; every -- each nth; first -- only the first n
    times -- at most n times; per -- the scope of these four counts; probability -- 0 to 1, drawn last

    Effects:
    delay -- seconds to wait before the answer; the contact is stored before the wait
    status -- instead of the ordinary answer; code, message -- ClickSend's `response_code` and `response_msg` in it
    body -- instead of ClickSend's four keys, sent unchanged; padding -- number of spaces after the body
    retry_after -- that header: seconds, or any text; retry_after_date -- as an HTTP date, in seconds from now
    location -- of a redirect; headers -- more of them
    connection -- see `ConnectionFault`; drip -- seconds between two bytes of the answer
    processed -- whether the contact is stored; by default only if the rule sets no status
    """

    name: str = ""
    after: Seconds = 0.0
    until: Seconds | None = None
    contact: Annotated[tuple[str, ...], BeforeValidator(several)] = ()
    method: str | None = None
    path: str | None = None
    nth: Annotated[tuple[Count, ...], BeforeValidator(several)] = ()
    every: Count | None = None
    first: Count | None = None
    times: Count | None = None
    per: Per = Per.RULE
    probability: Annotated[float, Field(ge=0, le=1)] = 1.0

    delay: Seconds = 0.0
    status: Annotated[int, Field(ge=200, le=599)] | None = None
    code: str | int | None = None
    message: str | None = None
    body: str | None = None
    padding: Annotated[int, Field(ge=0, le=64 * 1024 * 1024)] = 0
    retry_after: Seconds | Line | None = None
    retry_after_date: Annotated[float, Field(allow_inf_nan=False)] | None = None
    location: Line | None = None
    headers: dict[HeaderName, Line] = field(default_factory=dict)
    connection: ConnectionFault | None = None
    drip: Seconds | None = None
    processed: bool | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Rule:
        if self.until is not None and self.until <= self.after:
            raise ValueError("until must be later than after")
        answer_parts = (self.code, self.message, self.body, self.retry_after, self.retry_after_date, self.location)
        if self.status is None and any(part is not None for part in answer_parts):
            raise ValueError("a status is needed beside code, message, body, retry_after, retry_after_date or location")
        actions = (self.status, self.connection, self.drip, self.processed)
        nothing = all(action is None for action in actions) and not (self.delay or self.padding or self.headers)
        if nothing:
            raise ValueError("the rule does nothing: give it a status, delay, connection, drip, padding or headers")
        return self

    @property
    def stores(self) -> bool:
        """Return whether the request is processed normally."""
        return self.status is None if self.processed is None else self.processed


@dataclass(frozen=True, slots=True, config=STRICT)
class Script:
    """Rules with their probabilities.

    rules -- matched in this order: the first match decides, the rest are not evaluated and do not count
    seed -- of the probabilities: the same requests in the same order get the same faults
    """

    rules: tuple[Rule, ...] = ()
    seed: int = 0


class Faults:
    """A script in effect since `started`."""

    def __init__(self, script: Script, started: float) -> None:
        self.script = script
        self.started = started
        self.rules = tuple(ArmedRule(rule, number) for number, rule in enumerate(script.rules, start=1))
        self._random = Random(script.seed)  # noqa: S311  (faults are to be repeatable, not unpredictable)

    def match(self, call: Call, now: float) -> ArmedRule | None:
        """Return the rule that matches this request, and count it there; None for no fault."""
        for armed in self.rules:
            if armed.fits(call, now - self.started) and armed.counts(call) and armed.drawn(self._random):
                armed.fire(call)
                return armed
        return None


class ArmedRule:
    """A rule with its counts.

    number -- its position in the script, from 1; its name where the script has none
    """

    def __init__(self, rule: Rule, number: int) -> None:
        self.rule = rule
        self.name = rule.name or f"rule {number}"
        self.fired = 0
        self._contacts = tuple(pattern(contact.strip().lower()) for contact in rule.contact)
        self._path = pattern(rule.path) if rule.path is not None else None
        self._seen = BoundedCounter(CONTACTS_COUNTED)
        self._fired = BoundedCounter(CONTACTS_COUNTED)

    def in_time(self, elapsed: float) -> bool:
        return self.rule.after <= elapsed and (self.rule.until is None or elapsed < self.rule.until)

    def fits(self, call: Call, elapsed: float) -> bool:
        """Return whether the rule matches the request now. elapsed -- seconds since the script took effect."""
        rule = self.rule
        if not self.in_time(elapsed):
            return False
        if rule.method is not None and call.method != rule.method.upper():
            return False
        if self._path is not None and not self._path.match(call.path):
            return False
        return not self._contacts or any(one.match(name) for one in self._contacts for name in call.identities)

    def counts(self, call: Call) -> bool:
        """Count the request, and return whether the rule's counts select it."""
        rule = self.rule
        name = self._counted_as(call)
        seen = self._seen.add(name)
        return (
            (not rule.nth or seen in rule.nth)
            and (rule.every is None or seen % rule.every == 0)
            and (rule.first is None or seen <= rule.first)
            and (rule.times is None or self._fired[name] < rule.times)
        )

    def drawn(self, random: Random) -> bool:
        return self.rule.probability >= 1 or random.random() < self.rule.probability

    def fire(self, call: Call) -> None:
        self.fired += 1
        self._fired.add(self._counted_as(call))

    def _counted_as(self, call: Call) -> str:
        return (call.contact_key or "") if self.rule.per is Per.CONTACT else ""


def pattern(glob: str) -> re.Pattern[str]:
    return re.compile(translate(glob))


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
