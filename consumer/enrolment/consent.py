"""Marketing consent, which ClickSend keeps in `custom_1`."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from consumer.enrolment.identity_filter import plain
from consumer.enrolment.origin import Origin
from consumer.enrolment.traits import Object, Place, inside


class Consent(StrEnum):
    """The three values of `custom_1`."""

    OPT_IN = "marketing_opt_in"
    OPT_OUT = "marketing_opt_out"
    UNKNOWN = "marketing_unknown"


_REFUSALS = ("marketing_opt_out", "marketingOptOut", "opt_out", "optOut")
_ANSWERS = (
    *("marketing_opt_in", "marketingOptIn", "marketing_opted_in", "marketingOptedIn"),
    *("marketing_consent", "marketingConsent", "accepts_marketing", "acceptsMarketing"),
    *("opt_in", "optIn", "opted_in", "optedIn", "custom_1"),
)
_ASKED = frozenset({*_REFUSALS, *_ANSWERS})
_YES = {"true", "yes", "y", "1", "on", "optin", "optedin", "marketingoptin", "granted", "accepted", "subscribed"}
_NO = {"false", "no", "n", "0", "off", "optout", "optedout", "marketingoptout", "denied", "declined", "refused"}


def clear_answer(value: object) -> bool | None:
    """Yes or no, where the value clearly says so: a boolean, 1 or 0, or a word for it; else None."""
    if isinstance(value, str):
        word = plain(value)
        return True if word in _YES else False if word in _NO else None
    return bool(value) if isinstance(value, (bool, int, float)) and value in (0, 1) else None


def consent_of(event: Object, places: Iterable[Place]) -> tuple[Consent, Origin | None]:
    """The first clear answer among explicit traits, `context.consent.canonical.marketing`, `context.consent.marketing`.

    In one place, an explicit opt-out counts before an opt-in. `marketing_opt_out: false` is no consent.
    """
    for place, values in places:
        if _ASKED.isdisjoint(values):
            continue  # as a rule: consent comes with the context
        for key in _REFUSALS:
            if key in values and clear_answer(values[key]):
                return Consent.OPT_OUT, Origin("custom_1", place, key)
        for key in _ANSWERS:
            if key in values and (answer := clear_answer(values[key])) is not None:
                return _consent(answer), Origin("custom_1", place, key)
    consent = inside(event.get("context"), "consent")
    for place, holder in (("/context/consent/canonical", inside(consent, "canonical")), ("/context/consent", consent)):
        if (answer := clear_answer(inside(holder, "marketing"))) is not None:
            return _consent(answer), Origin("custom_1", place, "marketing")
    return Consent.UNKNOWN, None


def _consent(answer: bool) -> Consent:  # noqa: FBT001 -- the answer itself, not a switch
    return Consent.OPT_IN if answer else Consent.OPT_OUT
