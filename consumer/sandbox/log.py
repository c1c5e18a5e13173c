"""The log of requests and responses, with times. Tests of the worker evaluate it."""

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
"""Attempts are counted for at most so many contacts; an evicted one starts at 1 again."""


class RequestEnding(StrEnum):
    """The end of a request."""

    ANSWERED = "answered"
    CUT = "cut"  # only a part of the answer was sent
    GARBAGE = "garbage"  # something that isn't HTTP was sent
    RESET = "reset"  # nothing was sent, the connection was reset
    CLIENT_GONE = "client_gone"  # the connection ended before its answer: the client closed it, or the server stopped


@dataclass(frozen=True, slots=True)
class Entry:
    """One request that has ended.

    number -- in the order of receipt, from 1; the log is in the order of completion
    received_at, answered_at -- seconds since the epoch; answered_at is None if nothing was sent
    status -- of the answer, sent whole or in part; None if there was none
    stored -- the result for the contact; None if it was not stored
    fault -- the fault rule that matched, by name or number; None if none did
    contact -- the request's body as JSON; contact_key -- its email, else phone, else fax, in lower case
    attempt -- the number of the request for this contact, from 1; 0 without a contact
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
    """The last requests in memory, and all of them in an optional file.

    limit -- the number of entries in memory
    path -- one JSON object per line, written in one call: a kill leaves no partial line
    """

    def __init__(self, limit: int, path: Path | None) -> None:
        self.last = 0  # the number of the last received request
        self.ended = 0  # requests completed since the start
        self.statuses: Counter[str] = Counter()  # of whole answers; "none" counts the rest
        self._entries: deque[Entry] = deque(maxlen=limit)
        self._attempts = BoundedCounter(CONTACTS_COUNTED)
        self._file = path.open("ab", buffering=0) if path is not None else None

    def next_number(self) -> int:
        self.last += 1
        return self.last

    def next_attempt(self, contact_key: str | None) -> int:
        """Count one more request for the contact."""
        return self._attempts.add(contact_key) if contact_key is not None else 0

    def add(self, entry: Entry) -> None:
        self.ended += 1
        self._entries.append(entry)
        self.statuses[str(entry.status) if entry.ending is RequestEnding.ANSWERED else "none"] += 1
        if self._file is not None:
            self._file.write(orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE))

    def recent(self, count: int) -> list[Entry]:
        """Return at most `count` entries, the last one first."""
        return list(islice(reversed(self._entries), count))

    def all(self) -> list[Entry]:
        """Return the entries in memory, in the order of completion."""
        return list(self._entries)

    def clear(self) -> None:
        """Clear the entries in memory; the file keeps all, and the numbers continue."""
        self.statuses.clear()
        self._entries.clear()
        self._attempts = BoundedCounter(CONTACTS_COUNTED)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
