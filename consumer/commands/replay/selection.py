"""Select the records of the range to replay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from confluent_kafka import Message

from consumer.commands.kafka.records import position_of
from consumer.commands.kafka.staleness import Newest, is_redriven
from consumer.commands.readings import decisions_on
from consumer.enrolment.disposition import DeadLetterReason, FilterReason
from consumer.enrolment.email import read_email
from consumer.enrolment.enroller import Decision, Enrolled
from consumer.enrolment.phone import read_phone
from consumer.enrolment.phone_signs import PhoneCheck
from consumer.formats.decider import Decider
from consumer.scheduling.task import Partition
from consumer.worker.batches import redriven_choice

DELIVER = "deliver"
REASONS = (DELIVER, *DeadLetterReason, *FilterReason)


class Left(StrEnum):
    """Why a record of the range is not replayed."""

    NOT_MEANT = "not_meant"  # --only excludes it
    STALE = "stale"  # its contact has a newer record that does not follow it in this replay


@dataclass(frozen=True, slots=True)
class Only:
    """The conditions of --only: a record must match one of each kind that is set.

    reasons    -- its outcome by the present settings: `deliver`, or why not
    identities -- of its contact
    """

    reasons: tuple[str, ...] = ()
    identities: tuple[str, ...] = ()

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Only:
        """Parse `reason=...` and `identity=...`. Raises ValueError, with what to write instead."""
        reasons, identities = set(), set()
        for text in texts:
            kind, _, value = text.partition("=")
            if kind == "reason" and value in REASONS:
                reasons.add(value)
            elif kind == "reason":
                raise ValueError(f"{value!r} is not a reason. Choose from {', '.join(REASONS)}")
            elif kind == "identity":
                identities.add(_identity(value))
            else:
                raise ValueError(f"{text!r} selects nothing. Write identity=EMAIL, identity=+PHONE or reason=WORD")
        return cls(tuple(sorted(reasons)), tuple(sorted(identities)))

    def means(self, decision: Decision) -> bool:
        """Return whether a record with this decision matches."""
        enrolled = isinstance(decision, Enrolled)
        reason = DELIVER if isinstance(decision, Enrolled) else decision.reason
        identities = decision.identities if isinstance(decision, Enrolled) else ()
        return (not self.reasons or reason in self.reasons) and (
            not self.identities or (enrolled and not set(self.identities).isdisjoint(identities))
        )


class Selection:
    """Selects records, and counts those that are not replayed. `newest` -- None: stale records are replayed, too."""

    def __init__(self, decider: Decider, only: Only) -> None:
        self._decider = decider
        self._only = only
        self.newest: Newest | None = None
        self.left: Counter[Left] = Counter()
        self._chosen: dict[tuple[Partition, int], list[int]] = {}  # of records with several events, some left out

    def means(self, decision: Decision) -> bool:
        """Return whether --only selects the record."""
        return self._only.means(decision)

    def keep(self, message: Message) -> bool:
        """Return whether to replay the record."""
        return self.sort(message) is None

    def sort(self, message: Message) -> Left | None:
        """Return why not to replay the record, and count it; None: replay it."""
        if self.newest is None and self._only == Only():
            return None
        decisions = decisions_on(self._decider, message)
        left = {index: self._sort(message, index, decision) for index, decision in decisions.items()}
        kept = [index for index, why in left.items() if why is None]
        if not kept and left:
            why = next(iter(left.values()))
            assert why is not None  # noqa: S101 -- for the type checker: none is kept
            self.left[why] += 1
            return why
        if len(kept) < len(left):
            self._chosen[position_of(message)] = kept
        return None

    def chosen(self, message: Message) -> Collection[int]:
        """Return the events to replay, of a kept record with several; empty: all that a redrive chose."""
        return self._chosen.pop(position_of(message), None) or redriven_choice(message)

    def _sort(self, message: Message, index: int, decision: Decision) -> Left | None:
        if not self.means(decision):
            return Left.NOT_MEANT
        if self.newest is None or not isinstance(decision, Enrolled):
            return None
        identities, timestamp_ms = decision.identities, message.timestamp()[1]
        if is_redriven(message):
            return Left.STALE if self.newest.outdates(identities, timestamp_ms) else None
        return Left.STALE if self.newest.is_stale(identities, *position_of(message), timestamp_ms, index) else None


def _identity(text: str) -> str:
    found = read_email(text) if "@" in text else read_phone(text, None, PhoneCheck.POSSIBLE).number
    if found is None:
        raise ValueError(f"{text!r} is neither an email address nor a phone number in international form")
    return found
