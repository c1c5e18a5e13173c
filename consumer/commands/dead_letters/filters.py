"""The filters of `dead-letters`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from consumer.commands.kafka.partitions import Scope
from consumer.commands.timestamps import milliseconds, parse_moment
from consumer.dead_letters.format import StoredDeadLetter
from consumer.enrolment.disposition import DeadLetterReason

NO_STATUS = "none"


@dataclass(frozen=True, slots=True)
class Filters:
    """Conditions that a dead letter must all meet; of one given several times, any.

    since_ms, until_ms -- range of the record's timestamp, half open; milliseconds since the epoch
    sources            -- topics and partitions of the source record
    key, keys          -- accepted keys of the record, compared exactly
    """

    reasons: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    since_ms: int | None = None
    until_ms: int | None = None
    sources: tuple[Scope, ...] = ()
    key: bytes | None = None
    keys: frozenset[bytes] = field(default=frozenset(), repr=False)

    @property
    def name_parts(self) -> tuple[object, ...]:
        """Return the parts of the checkpoint's name: equal for equal filters, and unchanged by empty `keys`."""
        return (self, sorted(self.keys)) if self.keys else (self,)

    @classmethod
    def parse(
        cls,
        *,
        reason: list[str] | None = None,
        status: list[str] | None = None,
        from_datetime: str | None = None,
        to_datetime: str | None = None,
        source: list[str] | None = None,
        key: str | None = None,
        keys: Iterable[bytes] | None = None,
    ) -> Filters:
        """Read the options' text. Raise ValueError with the correct form."""
        if odd := set(reason or ()) - {*DeadLetterReason}:
            raise ValueError(f"{min(odd)!r} is not a reason. Choose from {', '.join(DeadLetterReason)}")
        if odd := {each for each in status or () if each != NO_STATUS and not (each.isdigit() and len(each) == 3)}:
            raise ValueError(f"{min(odd)!r} is not an HTTP status. Write a number such as 400, or {NO_STATUS}")
        return cls(
            tuple(sorted({*(reason or ())})),
            tuple(sorted({*(status or ())})),
            milliseconds(parse_moment(from_datetime)) if from_datetime else None,
            milliseconds(parse_moment(to_datetime)) if to_datetime else None,
            tuple(Scope.parse(each) for each in source or ()),
            key.encode() if key is not None else None,
            frozenset(keys or ()),
        )

    def match(self, dead_letter: StoredDeadLetter) -> bool:
        """Return whether the dead letter meets all conditions."""
        return (
            (not self.reasons or dead_letter.reason in self.reasons)
            and (not self.statuses or (dead_letter.status or NO_STATUS) in self.statuses)
            and (self.since_ms is None or dead_letter.timestamp_ms >= self.since_ms)
            and (self.until_ms is None or dead_letter.timestamp_ms < self.until_ms)
            and self._has_key(dead_letter.key)
            and (not self.sources or any(_comes_from(dead_letter, scope) for scope in self.sources))
        )

    def _has_key(self, key: bytes | None) -> bool:
        if self.key is None and not self.keys:
            return True
        return key is not None and (key == self.key or key in self.keys)


def _comes_from(dead_letter: StoredDeadLetter, scope: Scope) -> bool:
    if dead_letter.source is None or dead_letter.source.partition.topic != scope.topic:
        return False
    return not scope.numbers or dead_letter.source.partition.number in scope.numbers
