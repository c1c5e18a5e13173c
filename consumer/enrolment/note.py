"""Remarks on how an event was mapped. A closed list without any value of the event: metrics count them."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from consumer.enum_members import found_quickly


@found_quickly
class NoteKind(StrEnum):
    """The kind of a note."""

    UNUSABLE = "unusable"  # a given email or phone that ClickSend could not use
    HASHED = "hashed"  # looks like a SHA-256 digest, which a mis-set pipeline hands over; left out
    UNRECOGNISED = "unrecognised"  # an unknown country; left out
    BROKEN = "broken"  # NaN, or unreadable text: bytes of another encoding, half a character; left out
    READ_BY_COUNTRY = "read_by_country"  # a phone number in national form, read as one of the country trait
    READ_BY_DEFAULT_REGION = "read_by_default_region"  # the same, read as one of ENROLMENT_DEFAULT_REGION
    MASKED = "masked"  # a phone number with signs in place of digits; left out
    COUNTRY_CODE_ASSUMED = "country_code_assumed"  # digits without a plus, read as the calling code and a number
    UNREADABLE = "unreadable"  # a consent was given, but no clear yes or no: marketing_unknown
    CONTRADICTORY = "contradictory"  # a word of consent under a key of refusal: marketing_unknown
    DIFFERING = "differing"  # a consent and a refusal, of SMS and email for instance: the refusal counts


_IDENTITIES = ("email", "phone_number")
_NUMBERS = ("phone_number", "fax_number")
TEXTS = (
    *("first_name", "last_name", "organization_name", "address_line_1", "address_line_2", "address_city"),
    *("address_state", "address_postal_code", "custom_2", "custom_3", "custom_4"),
)
"""Fields that are copied unchanged."""


class Note(NamedTuple):
    """One remark about one field of the contact."""

    kind: NoteKind
    field: str

    def __str__(self) -> str:
        return f"{self.field} {self.kind}"


POSSIBLE_NOTES = (
    *(Note(kind, field) for kind in (NoteKind.UNUSABLE, NoteKind.HASHED) for field in (*_IDENTITIES, "fax_number")),
    *(Note(NoteKind.HASHED, field) for field in TEXTS),
    *(Note(NoteKind.BROKEN, field) for field in (*_IDENTITIES, "fax_number", *TEXTS, "address_country")),
    Note(NoteKind.UNRECOGNISED, "address_country"),
    Note(NoteKind.READ_BY_COUNTRY, "phone_number"),
    Note(NoteKind.READ_BY_DEFAULT_REGION, "phone_number"),
    *(Note(kind, field) for kind in (NoteKind.MASKED, NoteKind.COUNTRY_CODE_ASSUMED) for field in _NUMBERS),
    *(Note(kind, "custom_1") for kind in (NoteKind.UNREADABLE, NoteKind.CONTRADICTORY, NoteKind.DIFFERING)),
)
"""All possible notes: the metric exports each from the start."""
