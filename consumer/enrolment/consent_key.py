"""Recognise the keys of marketing consent by their words: no list could name all keys."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from enum import Enum, StrEnum, auto
from functools import lru_cache
from itertools import groupby
from operator import itemgetter

from consumer.enrolment.identity_filter import normalised_name
from consumer.enum_members import found_quickly


@found_quickly
class ConsentKey(StrEnum):
    """The meaning of a yes or no under a key."""

    GRANT = "grant"  # `marketing_opt_in`, `is_subscribed`: a yes is a consent
    REFUSAL = "refusal"  # `opt_out`, `do_not_contact`: a yes is a refusal, a no is neither
    UNSPECIFIC = "unspecific"  # `consent`, `can_receive_sms`: a yes does not count, since it does not say to what
    SUBJECT = "subject"  # `marketing`: only a no counts; other values may be about something else
    STATUS = "status"  # `subscription_status`, `email_status`: maybe a payment's or an address's; only a refusal counts
    ELSEWHERE = "elsewhere"  # a key of consent in an object about something else: it never grants


class _Part(Enum):
    """The contribution of one word of a key."""

    CHANNEL = auto()
    PHONE = auto()  # a channel beside a consent; elsewhere it may be the device
    MARKETING = auto()
    NEWSLETTER = auto()
    GRANT = auto()  # a consent to marketing, whatever is beside it
    CONSENT = auto()  # the same beside a channel or marketing, else unspecific
    SUBSCRIPTION = auto()  # the same beside a channel or marketing, else maybe a paid one
    ACCEPT = auto()  # the same beside a channel or marketing, else nothing
    ENABLED = auto()  # the same beside marketing; unspecific beside a channel: a second factor is sent by SMS, too
    CAN = auto()  # always unspecific: Klaviyo's `can_receive_email_marketing` holds for people who never subscribed
    REFUSAL = auto()
    REFUSED = auto()  # a refusal beside a consent, a channel or marketing, else nothing
    NOT = auto()  # a refusal beside what it negates
    WHEN = auto()  # the time of a refusal shows that there was one; the time of a consent answers nothing
    STATUS = auto()
    FILLER = auto()


_Parts = tuple[_Part, ...]
_MARKETING = frozenset({_Part.MARKETING, _Part.NEWSLETTER})
_ABOUT = _MARKETING | {_Part.CHANNEL, _Part.PHONE}
_WITH_A_SUBJECT = frozenset({_Part.ACCEPT, _Part.SUBSCRIPTION})
_WORDS: Mapping[_Part, str] = {
    _Part.CHANNEL: "sms mms tcpa text texts texting textmessage textmessages email emails mail mails mailing"
    " mailings message messages messaging communication communications comms",
    _Part.PHONE: "phone mobile",
    _Part.MARKETING: "marketing directmarketing promo promos promotion promotions promotional commercial offers"
    " werbung publicidad pubblicità publicité publicite",
    _Part.NEWSLETTER: "newsletter newsletters",
    _Part.GRANT: "optin optedin optsin optingin subscribed subscribe subscribes mailinglist custom1",
    _Part.CONSENT: "consent consented consents einwilligung zustimmung consentement consentimiento consentimento"
    " consenso toestemming samtycke samtykke",
    _Part.SUBSCRIPTION: "subscription subscriber",
    _Part.ACCEPT: "accept accepts accepted accepting acceptance agree agrees agreed agreement allow allows"
    " allowed permission permissions permit permits permitted approved approval want wants wanted authorized"
    " authorised",
    _Part.ENABLED: "enable enabled receive receives receiving get gets ok okay",
    _Part.CAN: "can may could contactable contactme contactby contactvia reachable oktocontact okaytocontact",
    _Part.REFUSAL: "optout optedout optsout optingout unsubscribed unsubscribe unsubscribes unsub"
    " unsubscription donotcontact dontcontact dontcall donotcall donotphone donotmarket donotdisturb nocontact"
    " nevercontact neveremail nevercall nevertext dnc dnd suppressed suppress suppression blacklisted blacklist"
    " blocklisted blocklist",
    _Part.REFUSED: "revoked revoke withdrawn withdrew refused refuse refuses declined decline declines denied"
    " deny denies rejected reject rejects disabled disable blocked stopped stop objected disallowed disallow",
    _Part.NOT: "not no non never dont donot doesnt doesnot didnt didnot hasnt hasnot isnt isnot",
    _Part.WHEN: "at on date datetime time timestamp",
    _Part.STATUS: "status state preference",
    _Part.FILLER: "is has have did do does i me user users customer customers contact contacts buyer"
    " member lead client profile person account hs cio klaviyo mailchimp shopify braze explicit explicitly"
    " express current currently gdpr to for from of by via the in all any our us and global globally flag given"
    " granted signup signedup choice value call calls be contacted reached",
}
_PARTS = {word: part for part, words in _WORDS.items() for word in words.split()}
_LENGTHS = {first: sorted({len(word) for word in words}) for first, words in groupby(sorted(_PARTS), key=itemgetter(0))}
"""The lengths of the words that begin with a character: a key of nothing but words is the dearest."""
_LONGEST = 64  # characters of a key
_SUBJECTS = frozenset({"marketing", "werbung", "publicidad", "pubblicità", "publicité", "publicite"})
_SUBSCRIPTION_ID = re.compile(r"(?<=optout)\d+$")  # HubSpot's `hs_email_optout_12345678`


def consent_key(key: str) -> ConsentKey | None:
    """Return the meaning of a yes or no under a key; None where the key is not about marketing consent.

    None for dates, sources and levels of a consent (`opt_in_date`, `email_opt_in_source`), for other purposes
    (`cookie_consent`, `push_opt_in`, `third_party_opt_in`) and for payments (`subscription_plan`).

    key -- in any spelling: `hasMarketingConsent`, `SMS Opt-In`
    """
    return _short_key(key) if len(key) <= _LONGEST else None


@lru_cache(maxsize=1024)  # a topic has some dozens of keys; long keys are not cached, to bound the memory
def _short_key(key: str) -> ConsentKey | None:
    key = normalised_name(key)
    parts = _split(_SUBSCRIPTION_ID.sub("", key))
    if key in _SUBJECTS:
        return ConsentKey.SUBJECT
    return _meaning(parts, plural=key.endswith("s")) if parts else None


def _split(key: str) -> _Parts | None:
    """Split a key into known words; None if it holds another one. Keep one way to each position."""
    reached: dict[int, _Parts] = {0: ()}
    for start in range(len(key)):
        if start in reached:
            for length in _LENGTHS.get(key[start], ()):
                end = start + length
                part = _PARTS.get(key[start:end]) if end not in reached and end <= len(key) else None
                if part is not None:
                    reached[end] = (*reached[start], part)
    return reached.get(len(key))


def _meaning(parts: _Parts, *, plural: bool) -> ConsentKey | None:
    has = frozenset(parts)
    about = not has.isdisjoint(_ABOUT)
    consents = _Part.GRANT in has or _Part.CONSENT in has
    grants = consents or (about and not has.isdisjoint(_WITH_A_SUBJECT))
    if _Part.REFUSAL in has or (_Part.REFUSED in has and (about or consents)):
        either_way = _Part.NOT in has or {_Part.GRANT, _Part.REFUSAL} <= has  # `not_opted_out`, `opt_in_opt_out`
        return ConsentKey.UNSPECIFIC if either_way else ConsentKey.REFUSAL
    if _Part.NOT in has:
        return ConsentKey.REFUSAL if grants or (about and _Part.PHONE not in has) else None
    if _Part.WHEN in has:
        return None
    if _Part.CAN in has:
        return ConsentKey.UNSPECIFIC
    if grants:
        return ConsentKey.GRANT if about or _Part.GRANT in has else ConsentKey.UNSPECIFIC
    return _of_a_subject(has, named=plural or parts[-1] is _Part.MARKETING)


def _of_a_subject(has: Set[_Part], *, named: bool) -> ConsentKey | None:
    """Return the meaning of keys without a verb of consent: `newsletter`, `marketing_emails`, `email_status`.

    named -- whether the last word names a kind of message: `email_marketing`, unlike `marketing_email`, is no address
    """
    marketing = not has.isdisjoint(_MARKETING)
    if marketing and not has.isdisjoint({_Part.ENABLED, _Part.STATUS}):
        return ConsentKey.GRANT
    if _Part.CHANNEL in has and _Part.ENABLED in has:
        return ConsentKey.UNSPECIFIC
    if _Part.STATUS in has:
        return None if has.isdisjoint({_Part.CHANNEL, _Part.SUBSCRIPTION}) else ConsentKey.STATUS
    if marketing and _Part.CHANNEL in has:
        return ConsentKey.GRANT if named else ConsentKey.UNSPECIFIC
    return ConsentKey.GRANT if _Part.NEWSLETTER in has else None
