"""Marketing consent, which ClickSend keeps in `custom_1`. A consent that can't be read never becomes a yes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import Enum, StrEnum, auto
from typing import NamedTuple

from consumer.enrolment.consent_answer import Answer, answer
from consumer.enrolment.consent_key import ConsentKey
from consumer.enrolment.note import NoteKind
from consumer.enrolment.origin import FieldOrigin
from consumer.enrolment.traits import inside

FIELD = "custom_1"


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
    """What an event says about consent: the value that decided, and what is to be noted about it."""

    consent: Consent
    origin: FieldOrigin | None
    note: NoteKind | None


class _ConsentReading(Enum):
    """What one trait contributes, the strongest first: of several, it decides."""

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
_VERDICTS = {
    ConsentKey.GRANT: _GRANT,
    ConsentKey.REFUSAL: {  # a no is neither a refusal nor a consent
        Answer.YES: _ConsentReading.REFUSED,
        Answer.REFUSED: _ConsentReading.REFUSED,
        Answer.CONSENTED: _ConsentReading.CONTRADICTORY,
        Answer.UNREADABLE: _ConsentReading.UNREADABLE,
    },
    ConsentKey.UNSPECIFIC: {Answer.NO: _ConsentReading.REFUSED, Answer.REFUSED: _ConsentReading.REFUSED},
    ConsentKey.STATUS: {Answer.REFUSED: _ConsentReading.REFUSED},
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
    """Return what the explicit traits say; None if none of them says anything, so that the context is asked.

    All of them count, wherever they are: a refusal beats what can't be read, and that beats a consent. A refusal beside
    a consent (of SMS and email, of two places) is noted as differing.
    """
    found: dict[_ConsentReading, FieldOrigin] = {}
    for key, value, origin in traits:
        verdict = _VERDICTS[key].get(answer(value))
        if verdict is not None:
            found.setdefault(verdict, origin)
    for verdict in _ConsentReading:
        if verdict in found:
            consent, note = _DECISIONS[verdict]
            if verdict is _ConsentReading.REFUSED and _ConsentReading.CONSENTED in found:
                note = NoteKind.DIFFERING
            return ConsentReading(consent, found[verdict], note)
    return None


def context_consent(consent: object) -> ConsentReading:
    """Return what an event's `context.consent` says: `canonical.marketing`, else the older `marketing`.

    Beside a canonical value that can't be read, only a refusal counts.
    """
    canonical = inside(inside(consent, "canonical"), "marketing")
    if canonical is True or canonical is False:  # nearly always
        return _CANONICAL[canonical]
    unread: str | None = None
    for place, holder in (("/context/consent/canonical", inside(consent, "canonical")), ("/context/consent", consent)):
        verdict = _GRANT.get(answer(inside(holder, "marketing")))
        if verdict is _ConsentReading.REFUSED or (verdict is _ConsentReading.CONSENTED and unread is None):
            return ConsentReading(_DECISIONS[verdict][0], FieldOrigin(FIELD, place, "marketing"), None)
        if verdict is not None and unread is None:
            unread = place
    if unread is None:
        return ConsentReading(Consent.UNKNOWN, None, None)
    return ConsentReading(Consent.UNKNOWN, FieldOrigin(FIELD, unread, "marketing"), NoteKind.UNREADABLE)


def consent_reading(traits: Collection[ConsentTrait], context: object) -> ConsentReading:
    """Return what an event says: its explicit traits, else its `context.consent`."""
    return (explicit_consent(traits) if traits else None) or context_consent(context)
