"""The operator's rules for enrolment."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from consumer.enrolment.consent import Consent
from consumer.enrolment.identity_filter import IDENTIFY_NAMES, normalised_name
from consumer.enrolment.phone_signs import PhoneCheck
from consumer.enrolment.pointer import Pointer
from consumer.enum_members import found_quickly

if TYPE_CHECKING:  # the settings load this module, before the client connects
    from consumer.enrolment.custom_mapping import CustomMapping


@found_quickly
class Input(StrEnum):
    """The content of the records."""

    EVENT = "event"
    CONTACT = "contact"  # mapped already, under ClickSend's names


class ConsentPolicy(StrEnum):
    """The consent that enrolment requires."""

    ALL = "all"
    OPTED_IN = "opted_in"  # with an explicit yes


class OptOuts(StrEnum):
    """The treatment of explicit opt-outs. ClickSend must receive them, or it keeps the old consent."""

    DELIVERED = "delivered"
    FILTERED = "filtered"


class Rules(Struct, frozen=True):
    """The settings of the section ENROLMENT that the mapping depends on. Make it with `of`, which normalises.

    events         -- names of the events that enrol, as `normalised_name` writes them
    default_region -- ISO 3166 alpha-2, for phone numbers in national form; None: international form only
    phone_check    -- how strictly phone numbers are checked
    event_path     -- JSON pointer to the event inside a wrapper record; None: the record is the event
    input          -- what the records are
    custom         -- the operator's own mapping; None: the built-in names alone
    withheld       -- contacts with one of these consents are not enrolled
    """

    events: frozenset[str]
    default_region: str | None
    phone_check: PhoneCheck
    event_path: str | None
    input: Input
    custom: CustomMapping | None
    withheld: frozenset[Consent]

    @classmethod
    def of(
        cls,
        events: Iterable[str] = ("Signed Up", "Identify"),
        default_region: str | None = None,
        phone_check: PhoneCheck = PhoneCheck.POSSIBLE,
        event_path: str | None = None,
        input: Input = Input.EVENT,
        custom: CustomMapping | None = None,
        withheld: frozenset[Consent] = frozenset(),
    ) -> Rules:
        """Return rules from settings as written. Raises ValueError where `event_path` is not a JSON pointer."""
        names = {normalised_name(name) for name in events} - {""}
        if names & IDENTIFY_NAMES:
            names |= IDENTIFY_NAMES
        Pointer.parse(event_path or "")
        region = (default_region or "").strip().upper()
        return cls(
            events=frozenset(names),
            default_region=region or None,
            phone_check=phone_check,
            event_path=event_path or None,
            input=input,
            custom=custom,
            withheld=withheld,
        )


def withheld_by(policy: ConsentPolicy, opt_outs: OptOuts) -> frozenset[Consent]:
    """Return the consents with which a contact is not enrolled."""
    left_out = {Consent.UNKNOWN: policy is ConsentPolicy.OPTED_IN, Consent.OPT_OUT: opt_outs is OptOuts.FILTERED}
    return frozenset(consent for consent, is_left_out in left_out.items() if is_left_out)
