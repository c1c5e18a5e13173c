"""An explanation for an operator, or as a line of JSON; and the summary at the end."""

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
    FilterReason.NO_IDENTITY: "neither email nor phone in it",
    FilterReason.TOMBSTONE: "a record without a value",
    FilterReason.TOO_OLD: "older than ENROLMENT_MAX_EVENT_AGE",
    DeadLetterReason.UNDECODABLE: "it can't be read",
    DeadLetterReason.UNRECOGNISED: "no event: a wrong topic, or another format",
    DeadLetterReason.TOO_LARGE: "more than 8 MiB unpacked",
    DeadLetterReason.UNMAPPABLE: "no email or phone that ClickSend could use",
}
"""What a reason means, for those who did not read the table of reasons."""

OPEN_FIELDS = frozenset({"custom_1", "address_country", "address_state"})  # tell nothing of who somebody is
IDENTITIES = frozenset({"email", "phone_number"})


class Privacy(Enum):
    """Whether personal data is shown in full on a terminal, which others may see."""

    MASKED = "masked"
    REVEALED = "revealed"


class ExplainSummary:
    """Counts what has been explained."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str | None]] = Counter()

    def add(self, each: Explanation) -> None:
        """Count one."""
        self._counts[each.disposition, each.reason] += 1

    def text(self) -> str:
        """How many ended how, and why, the most frequent first."""
        rows: list[Row] = [
            {"records": count, "disposition": disposition, "reason": reason, "": WORDS.get(reason or "")}
            for (disposition, reason), count in self._counts.most_common()
        ]
        return rendered(rows, Format.TABLE) if rows else "No events.\n"


def json_line(each: Explanation) -> str:
    """One JSON object, with the contact as ClickSend would get it: it is for programs."""
    return orjson.dumps(each, option=orjson.OPT_APPEND_NEWLINE).decode()


def text(each: Explanation, privacy: Privacy) -> str:
    """Return a line for the record, and one for each field of its contact with where it came from."""
    return "".join(line.rstrip() + "\n" for line in _lines(each, privacy))


def _lines(each: Explanation, privacy: Privacy) -> Iterator[str]:
    why = f": {each.reason} ({WORDS.get(each.reason, '')})" if each.reason else ""
    yield f"{each.source}  {printable(each.event or '-')}  {each.disposition}{why}"
    for field, value in (each.contact or {}).items():
        shown = value if privacy is Privacy.REVEALED else hidden(field, value)
        origin = each.origins.get(field)
        yield f"    {field:<20} {_safe(shown):<28} {origin or 'nothing in the event says so'}"
    if each.format not in ("", Layer.JSON):
        yield f"    format: {each.format}"
    for note in each.notes:
        yield f"    note: {note}"


def hidden(field: str, value: str) -> str:
    """Return a field's value so that its owner would recognise it and nobody else."""
    if field in OPEN_FIELDS:
        return value
    return masked(value) if field in IDENTITIES else f"{value[:1]}***"


def _safe(value: str) -> str:
    """Without what could steer a terminal."""
    return "".join(character for character in value if character.isprintable())
