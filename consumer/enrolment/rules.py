"""The operator's rules for enrolment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from consumer.enrolment.identity_filter import IDENTIFY_NAMES, normalised_name
from consumer.enrolment.pointer import Pointer


class PhoneCheck(StrEnum):
    """The strictness of the phone check."""

    POSSIBLE = "possible"  # its country's numbering plan can have it: its length and first digits fit
    VALID = "valid"  # its digits fit a range that its country has assigned, too


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings of the section ENROLMENT that the mapping depends on. Make it with `of`, which normalises.

    events         -- names of the events that enrol, as `normalised_name` writes them
    default_region -- ISO 3166 alpha-2, for phone numbers in national form; None: international form only
    phone_check    -- how strictly phone numbers are checked
    event_path     -- JSON pointer to the event inside a wrapper record; None: the record is the event
    """

    events: frozenset[str]
    default_region: str | None
    phone_check: PhoneCheck
    event_path: str | None

    @classmethod
    def of(
        cls,
        events: Iterable[str] = ("Signed Up", "Identify"),
        default_region: str | None = None,
        phone_check: PhoneCheck = PhoneCheck.POSSIBLE,
        event_path: str | None = None,
    ) -> Rules:
        """Return rules from settings as written. Raises ValueError where `event_path` is not a JSON pointer."""
        names = {normalised_name(name) for name in events} - {""}
        if names & IDENTIFY_NAMES:
            names |= IDENTIFY_NAMES
        Pointer.parse(event_path or "")
        region = (default_region or "").strip().upper()
        return cls(frozenset(names), region or None, phone_check, event_path or None)
