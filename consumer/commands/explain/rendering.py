"""Render an explanation for an operator or as a line of JSON, and the summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from enum import Enum

import orjson

from consumer.commands.explain.explanation import Explanation
from consumer.commands.output import Format, Row, rendered
from consumer.enrolment.disposition import DeadLetterReason, FilterReason
from consumer.formats.value_format import Layer
from consumer.mask import masked, printable

WORDS: dict[str, str] = {
    FilterReason.NOT_ENROLMENT: "not one of ENROLMENT_EVENTS",
    FilterReason.NO_IDENTITY: "no email and no phone number",
    FilterReason.TOMBSTONE: "record without a value",
    FilterReason.TOO_OLD: "older than ENROLMENT_MAX_EVENT_AGE",
    FilterReason.NO_CONSENT: "excluded by ENROLMENT_CONSENT or ENROLMENT_DELIVER_OPT_OUTS",
    DeadLetterReason.UNDECODABLE: "unreadable or invalid",
    DeadLetterReason.UNRECOGNISED: "not the ENROLMENT_INPUT: wrong topic, or another format",
    DeadLetterReason.TOO_LARGE: "more than 8 MiB unpacked, or 1,000 events",
    DeadLetterReason.UNMAPPABLE: "no usable email or phone number",
}
"""The meaning of each reason, so that an operator needs no table."""

OPEN_FIELDS = frozenset({"custom_1", "address_country", "address_state"})  # they identify nobody
IDENTITIES = frozenset({"email", "phone_number"})


class Privacy(Enum):
    """The display of personal data on a terminal, which others may see: in full, or masked."""

    MASKED = "masked"
    REVEALED = "revealed"


class ExplainSummary:
    """Counts explanations by outcome."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str | None]] = Counter()

    def add(self, each: Explanation) -> None:
        self._counts[each.disposition, each.reason] += 1

    def text(self) -> str:
        """Return the number of records by disposition and reason, the most frequent first."""
        rows: list[Row] = [
            {"records": count, "disposition": disposition, "reason": reason, "": WORDS.get(reason or "")}
            for (disposition, reason), count in self._counts.most_common()
        ]
        return rendered(rows, Format.TABLE) if rows else "No events.\n"


def json_line(each: Explanation) -> str:
    """Return one JSON object, for programs, with the contact as ClickSend would receive it."""
    return orjson.dumps(each, option=orjson.OPT_APPEND_NEWLINE).decode()


def text(each: Explanation, privacy: Privacy) -> str:
    """Return a line for the record, and one for each contact field with its source."""
    return "".join(line.rstrip() + "\n" for line in _lines(each, privacy))


def _lines(each: Explanation, privacy: Privacy) -> Iterator[str]:
    why = f": {each.reason} ({WORDS.get(each.reason, '')})" if each.reason else ""
    yield f"{each.source}  {printable(each.event or '-')}  {each.disposition}{why}"
    for field, value in (each.contact or {}).items():
        shown = value if privacy is Privacy.REVEALED else hidden(field, value)
        origin = each.origins.get(field)
        yield f"    {field:<20} {_safe(shown):<28} {origin or 'not in the event'}"
    if each.format not in ("", Layer.JSON):
        yield f"    format: {each.format}"
    for note in each.notes:
        yield f"    note: {note}"


def hidden(field: str, value: str) -> str:
    """Return a field's value masked, so that only its owner recognises it."""
    if field in OPEN_FIELDS:
        return value
    return masked(value) if field in IDENTITIES else f"{value[:1]}***"


def _safe(value: str) -> str:
    """Remove characters that could control a terminal."""
    return "".join(character for character in value if character.isprintable())
