"""The query of `/debugger/records`: `?disposition=filtered,dead_lettered&reason=rejected&partition=events-0`."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from msgspec import Struct

from consumer.enrolment.disposition import REASONS
from consumer.monitoring.debugger.entry import Entry, Standing
from consumer.scheduling.counts import ReleaseReason

MOST = 50_000  # the ring's maximum
REASON_WORDS = frozenset(str(reason) for reasons in (*REASONS.values(), tuple(ReleaseReason)) for reason in reasons)
NUMBERS = ("after", "limit")
SETS: Mapping[str, frozenset[str] | None] = {
    "disposition": frozenset(map(str, Standing)),
    "reason": REASON_WORDS,
    "partition": None,  # any topic
}


class BadQueryError(ValueError):
    """A query that is invalid. The text never quotes the value."""


class Query(Struct, frozen=True):
    """Selects records. An empty set selects all.

    after -- a revision: only records changed since
    limit -- the most records, the last changes first
    """

    after: int = 0
    limit: int = MOST
    disposition: frozenset[str] = frozenset()
    reason: frozenset[str] = frozenset()
    partition: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, text: str) -> Query:
        """Parse a query string. Names may repeat, and values may be comma-separated lists.

        Raises BadQueryError.
        """
        numbers: dict[str, int] = {}
        sets: dict[str, frozenset[str]] = {}
        for name, value in parse_qsl(text, keep_blank_values=True):
            if name in NUMBERS:
                numbers[name] = _number(name, value)
            elif name in SETS:
                sets[name] = sets.get(name, frozenset()) | _words(name, value)
            else:
                raise BadQueryError(f"unknown parameter; valid: {', '.join((*NUMBERS, *SETS))}")
        limit = min(numbers.get("limit", MOST), MOST)
        return cls(numbers.get("after", 0), limit, **sets)

    def matches(self, entry: Entry) -> bool:
        """Return whether the entry matches."""
        return (
            (not self.disposition or entry.standing in self.disposition)
            and (not self.reason or entry.reason in self.reason)
            and (not self.partition or str(entry.partition) in self.partition)
        )


def _number(name: str, value: str) -> int:
    if not (value.isascii() and value.isdecimal() and len(value) <= 15):
        raise BadQueryError(f"{name} must be a whole number from 0")
    return int(value)


def _words(name: str, value: str) -> frozenset[str]:
    words, known = frozenset(filter(None, value.split(","))), SETS[name]
    if known is not None and words - known:
        raise BadQueryError(f"{name} must be one or more of {', '.join(sorted(known))}")
    return words
