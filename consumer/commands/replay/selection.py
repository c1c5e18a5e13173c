"""Which records of the range are replayed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from confluent_kafka import Message

from consumer.commands.kafka.decisions import decision_on
from consumer.commands.kafka.staleness import Newest, is_redriven
from consumer.enrolment.disposition import DeadLetterReason, FilterReason
from consumer.enrolment.email import read_email
from consumer.enrolment.enroller import Decision, Enrolled
from consumer.enrolment.phone import read_phone
from consumer.enrolment.rules import PhoneCheck
from consumer.formats.decider import Decider
from consumer.scheduling.task import Partition

DELIVER = "deliver"
REASONS = (DELIVER, *DeadLetterReason, *FilterReason)


class Left(StrEnum):
    """Why a record of the range is left alone."""

    NOT_MEANT = "not_meant"  # --only leaves it out
    STALE = "stale"  # its contact has a newer record, and not one that follows it in this replay


@dataclass(frozen=True, slots=True)
class Only:
    """--only: what a record must be. Of several of a kind, one; of both kinds, both.

    reasons    -- the outcome of it by today's settings: `deliver`, or why not
    identities -- of its contact
    """

    reasons: tuple[str, ...] = ()
    identities: tuple[str, ...] = ()

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Only:
        """From `reason=...` and `identity=...`. Raises ValueError, with what to write instead."""
        reasons, identities = set(), set()
        for text in texts:
            kind, _, value = text.partition("=")
            if kind == "reason" and value in REASONS:
                reasons.add(value)
            elif kind == "reason":
                raise ValueError(f"{value!r} is no reason. There are {', '.join(REASONS)}")
            elif kind == "identity":
                identities.add(_identity(value))
            else:
                raise ValueError(f"{text!r} selects nothing. Write identity=EMAIL, identity=+PHONE or reason=WORD")
        return cls(tuple(sorted(reasons)), tuple(sorted(identities)))

    def means(self, decision: Decision) -> bool:
        """Whether the operator has asked for a record of which this becomes."""
        enrolled = isinstance(decision, Enrolled)
        reason = DELIVER if isinstance(decision, Enrolled) else decision.reason
        identities = decision.identities if isinstance(decision, Enrolled) else ()
        return (not self.reasons or reason in self.reasons) and (
            not self.identities or (enrolled and not set(self.identities).isdisjoint(identities))
        )


class Selection:
    """Decides record by record, and counts what is left alone. `newest`: None while stale records are replayed, too."""

    def __init__(self, decider: Decider, only: Only) -> None:
        self._decider = decider
        self._only = only
        self.newest: Newest | None = None
        self.left: Counter[Left] = Counter()

    def means(self, decision: Decision) -> bool:
        """Whether the operator has asked for it."""
        return self._only.means(decision)

    def keep(self, message: Message) -> bool:
        """Whether to replay it."""
        return self.sort(message) is None

    def sort(self, message: Message) -> Left | None:
        """Why to leave it alone, None: it is to be replayed. Counts what is left."""
        if self.newest is None and self._only == Only():
            return None
        left = self._sort(message, decision_on(self._decider, message))
        if left is not None:
            self.left[left] += 1
        return left

    def _sort(self, message: Message, decision: Decision) -> Left | None:
        if not self.means(decision):
            return Left.NOT_MEANT
        if self.newest is None or not isinstance(decision, Enrolled):
            return None
        identities, timestamp_ms = decision.identities, message.timestamp()[1]
        if is_redriven(message):
            return Left.STALE if self.newest.outdates(identities, timestamp_ms) else None
        partition, offset = Partition(message.topic() or "", message.partition() or 0), message.offset() or 0
        return Left.STALE if self.newest.is_stale(identities, partition, offset, timestamp_ms) else None


def _identity(text: str) -> str:
    found = read_email(text) if "@" in text else read_phone(text, None, PhoneCheck.POSSIBLE).number
    if found is None:
        raise ValueError(f"{text!r} is neither an email address nor a phone number in international form")
    return found
