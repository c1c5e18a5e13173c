"""Marketing consent, which ClickSend keeps in `custom_1`. An unreadable consent never becomes a yes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import Enum, StrEnum, auto
from typing import NamedTuple

from consumer.enrolment.consent_answer import Answer, answer
from consumer.enrolment.consent_key import ConsentKey
from consumer.enrolment.note import NoteKind
from consumer.enrolment.origin import FieldOrigin
from consumer.enrolment.pointer import inside
from consumer.enum_members import found_quickly

FIELD = "custom_1"


@found_quickly
class Consent(StrEnum):
    """The three values of `custom_1`."""

    OPT_IN = "marketing_opt_in"
    OPT_OUT = "marketing_opt_out"
    UNKNOWN = "marketing_unknown"


class ConsentTrait(NamedTuple):
    """A value under a key that is about consent."""

    key: ConsentKey
    value: object
    origin: FieldOrigin


class ConsentReading(NamedTuple):
    """The consent of an event, the origin of the deciding value, and a note about it."""

    consent: Consent
    origin: FieldOrigin | None
    note: NoteKind | None


class _ConsentReading(Enum):
    """The contribution of one trait. The first member that any trait contributes decides."""

    REFUSED = auto()
    CONTRADICTORY = auto()
    UNREADABLE = auto()
    CONSENTED = auto()
    UNDECIDED = auto()


_GRANT = {
    Answer.YES: _ConsentReading.CONSENTED,
    Answer.CONSENTED: _ConsentReading.CONSENTED,
    Answer.NO: _ConsentReading.REFUSED,
    Answer.REFUSED: _ConsentReading.REFUSED,
    Answer.UNDECIDED: _ConsentReading.UNDECIDED,
    Answer.UNREADABLE: _ConsentReading.UNREADABLE,
}
_READINGS = {
    ConsentKey.GRANT: _GRANT,
    ConsentKey.REFUSAL: {  # a no is neither a refusal nor a consent
        Answer.YES: _ConsentReading.REFUSED,
        Answer.REFUSED: _ConsentReading.REFUSED,
        Answer.CONSENTED: _ConsentReading.CONTRADICTORY,
        Answer.UNDECIDED: _ConsentReading.UNDECIDED,
        Answer.UNREADABLE: _ConsentReading.UNREADABLE,
    },
    ConsentKey.UNSPECIFIC: {
        Answer.NO: _ConsentReading.REFUSED,
        Answer.REFUSED: _ConsentReading.REFUSED,
        Answer.UNDECIDED: _ConsentReading.UNDECIDED,
        Answer.UNREADABLE: _ConsentReading.UNREADABLE,
    },
    ConsentKey.SUBJECT: {Answer.NO: _ConsentReading.REFUSED, Answer.REFUSED: _ConsentReading.REFUSED},
    ConsentKey.STATUS: {Answer.REFUSED: _ConsentReading.REFUSED},
    ConsentKey.ELSEWHERE: {
        Answer.NO: _ConsentReading.UNREADABLE,
        Answer.REFUSED: _ConsentReading.REFUSED,
        Answer.UNREADABLE: _ConsentReading.UNREADABLE,
    },
}
_DECISIONS = {
    _ConsentReading.REFUSED: (Consent.OPT_OUT, None),
    _ConsentReading.CONTRADICTORY: (Consent.UNKNOWN, NoteKind.CONTRADICTORY),
    _ConsentReading.UNREADABLE: (Consent.UNKNOWN, NoteKind.UNREADABLE),
    _ConsentReading.CONSENTED: (Consent.OPT_IN, None),
    _ConsentReading.UNDECIDED: (Consent.UNKNOWN, None),
}


_CANONICAL = {
    answer: ConsentReading(consent, FieldOrigin(FIELD, "/context/consent/canonical", "marketing"), None)
    for answer, consent in ((True, Consent.OPT_IN), (False, Consent.OPT_OUT))
}


def explicit_consent(traits: Iterable[ConsentTrait]) -> ConsentReading | None:
    """Return the consent of the explicit traits; None if none of them states one.

    All of them count: a refusal beats an unreadable value, and that beats a consent. A refusal beside
    a consent (of SMS and email, of two places) is noted as differing.
    """
    found: dict[_ConsentReading, FieldOrigin] = {}
    for key, value, origin in traits:
        reading = _READINGS[key].get(answer(value))
        if reading is not None:
            found.setdefault(reading, origin)
    for reading in _ConsentReading:
        if reading in found:
            consent, note = _DECISIONS[reading]
            if reading is _ConsentReading.REFUSED and _ConsentReading.CONSENTED in found:
                note = NoteKind.DIFFERING
            return ConsentReading(consent, found[reading], note)
    return None


def context_consent(consent: object) -> ConsentReading:
    """Return the consent of `context.consent`: of `canonical.marketing`, else of the older `marketing`.

    Beside an unreadable canonical value, only a refusal counts.
    """
    stated = inside(consent, "canonical")
    canonical = inside(stated, "marketing")
    if canonical is True or canonical is False:  # nearly always
        return _CANONICAL[canonical]
    unread: tuple[str, str] | None = None
    if stated is not None and not isinstance(stated, dict):
        unread = ("/context/consent", "canonical")
    for place, holder in (("/context/consent/canonical", stated), ("/context/consent", consent)):
        reading = _GRANT.get(answer(inside(holder, "marketing")))
        if reading is _ConsentReading.REFUSED or (reading is _ConsentReading.CONSENTED and unread is None):
            return ConsentReading(_DECISIONS[reading][0], FieldOrigin(FIELD, place, "marketing"), None)
        if reading is not None and unread is None:
            unread = (place, "marketing")
    if unread is None:
        return ConsentReading(Consent.UNKNOWN, None, None)
    return ConsentReading(Consent.UNKNOWN, FieldOrigin(FIELD, *unread), NoteKind.UNREADABLE)


def consent_reading(traits: Collection[ConsentTrait], context: object) -> ConsentReading:
    """Return the consent of an event: of its explicit traits, else of its `context.consent`."""
    return (explicit_consent(traits) if traits else None) or context_consent(context)
