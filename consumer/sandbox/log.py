"""What was asked and what was answered, with times. A test of the worker computes its verdict from this."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING

import orjson

from consumer.sandbox.counter import BoundedCounter

if TYPE_CHECKING:
    from pathlib import Path

    from consumer.sandbox.store import Stored

CONTACTS_COUNTED = 100_000
"""Attempts are counted for so many contacts; who comes after them starts at 1 again."""


class RequestEnding(StrEnum):
    """How a request ended."""

    ANSWERED = "answered"
    CUT = "cut"  # only a part of the answer was sent
    GARBAGE = "garbage"  # something that isn't HTTP was sent
    RESET = "reset"  # nothing was sent, the connection was reset
    CLIENT_GONE = "client_gone"  # the connection ended before its answer, by the client or by our stop


@dataclass(frozen=True, slots=True)
class Entry:
    """One request that has ended.

    number -- the requests in the order in which they were received, from 1; the log has them in the order of their end
    received_at, answered_at -- seconds since the epoch; answered_at is None if nothing of an answer was sent
    status -- of the answer that was sent, whole or in part; None if there was none
    stored -- what became of the contact; None if it was not stored
    fault -- the fault rule that decided, by name or number; None if none did
    contact -- the request's body as JSON; contact_key -- its email, else phone, else fax, in lower case
    attempt -- which request for this contact it is, from 1; 0 without a contact
    """

    number: int
    received_at: float
    answered_at: float | None
    method: str
    path: str
    status: int | None
    ending: RequestEnding
    stored: Stored | None
    fault: str | None
    contact: object
    contact_key: str | None
    attempt: int


class RequestLog:
    """The last requests in memory, and all of them in a file if one is named.

    limit -- so many entries are kept in memory
    path -- one JSON object a line, written at once: a line that is there is there whole, who is killed next
    """

    def __init__(self, limit: int, path: Path | None) -> None:
        self.last = 0  # the number of the request that came last
        self.ended = 0  # so many requests have ended since the start
        self.statuses: Counter[str] = Counter()  # of whole answers; "none" counts the rest
        self._entries: deque[Entry] = deque(maxlen=limit)
        self._attempts = BoundedCounter(CONTACTS_COUNTED)
        self._file = path.open("ab", buffering=0) if path is not None else None

    def next_number(self) -> int:
        self.last += 1
        return self.last

    def next_attempt(self, contact_key: str | None) -> int:
        """Counts one more request for the contact."""
        return self._attempts.add(contact_key) if contact_key is not None else 0

    def add(self, entry: Entry) -> None:
        self.ended += 1
        self._entries.append(entry)
        self.statuses[str(entry.status) if entry.ending is RequestEnding.ANSWERED else "none"] += 1
        if self._file is not None:
            self._file.write(orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE))

    def recent(self, count: int) -> list[Entry]:
        """At most `count` entries, the last one first."""
        return list(islice(reversed(self._entries), count))

    def all(self) -> list[Entry]:
        """What is in memory, in the order in which the requests ended."""
        return list(self._entries)

    def clear(self) -> None:
        """Forget what is in memory; the file keeps all, and the numbers continue."""
        self.statuses.clear()
        self._entries.clear()
        self._attempts = BoundedCounter(CONTACTS_COUNTED)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
