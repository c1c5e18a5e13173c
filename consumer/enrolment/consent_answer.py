"""The meaning of a consent value: forms and marketing products each use words of their own."""

from __future__ import annotations

import re
import unicodedata
from enum import Enum, auto

from consumer.enum_members import found_quickly


@found_quickly
class Answer(Enum):
    """The meaning of one value. Under a refusal key, only a clear yes and a word of refusal refuse."""

    YES = auto()  # true, 1, yes
    NO = auto()  # false, 0, no, never
    CONSENTED = auto()  # a word of consent: subscribed, opted in
    REFUSED = auto()  # a word of refusal: unsubscribed, never subscribed, withdrawn
    UNDECIDED = auto()  # our own `marketing_unknown`, in a contact that was mapped before
    UNREADABLE = auto()  # all others: states of list hygiene (`cleaned`, `pending`), objects, broken values
    ABSENT = auto()  # null, blank


# A word with opposite meanings in two languages is left out: `jo` (yes in Danish, no in Albanian), `s`, `o`, `ok`.
_YES = (
    "true t yes y yep yeah yup on 1 1.0 enabled checked ticked ✓ ✔ ☑ ✅ ja j wahr oui vrai si verdadero sim"
    " verdadeiro vero tak prawda ano igen igaz da так да правда ναι kyllä joo evet doğru jah jā taip adevărat"
    " waar pravda"
)
_NO = (
    "false f no n nope nah off 0 0.0 disabled unchecked unticked never none ✗ ✘ ☒ ❌ nein falsch nie niemals nee"
    " nooit onwaar nei nej aldri aldrig falsk non faux jamais nunca jamás falso não nao nem hamis soha ne nikdy"
    " nikad niciodată nu fals fałsz nigdy нет не ні никогда ніколи ложь όχι ποτέ ei koskaan hayır hayir yanlış nē"
)
_CONSENT = (
    "optin optedin optsin subscribed subscribe resubscribed resubscribe consented consent consents granted grant"
    " given accepted accept accepts agreed agree agrees allowed allow allows permitted permit permits authorized"
    " authorised zugestimmt eingewilligt akzeptiert abonniert accepté abonné consenti aceptado suscrito accettato"
    " iscritto aceito inscrito geaccepteerd toegestaan geabonneerd zgoda souhlas souhlasím akkoord"
)
# Their negation is no refusal: `unconfirmed` is pending.
_CONFIRMED = "confirmed approved confirmedoptin doubleoptin doubleoptedin singleoptin"
_REFUSAL = (
    "optout optedout optsout unsubscribe unsubscribes unsub denied deny denies declined decline declines refused"
    " refuse refuses rejected reject rejects revoked revoke revokes withdrawn withdrew withdraw objected object"
    " objects forbidden prohibited disallow disallows stop stopped stopall donotcontact dontcontact donotemail"
    " donotsms donottext donotcall donotmail donotmarket donotdisturb dnc dnd blocked blacklisted blocklisted"
    " notopted abgelehnt abgemeldet widerrufen verweigert refusé désabonné désinscrit retiré rechazado revocado"
    " rifiutato disiscritto revocato recusado revogado geweigerd ingetrokken afgemeld odmowa brakzgody nesouhlas"
    " nesouhlasím отказ"
)
# No past tense: a visitor who `was subscribed` no longer is.
_BEFORE = "(?:i|is|has|have|did|do|does|user|customer|contact|marketing|email|sms|currently|explicitly|already)*"
_NEGATION = "(?:was|had)?(?:not|nt|never|nolonger|non|no|un|dis)(?:been|yet|currently|explicitly)?"
_AFTER = "(?:to|from|of|by|for|all|any|emails?|sms|texts?|marketing|newsletters?|the|us|user|customer|contact)*"
_LONGEST = 64  # characters of an answer
_BETWEEN_WORDS = re.compile(r"(?<=[^\W_])['’\s_-]+(?=[^\W_])")
_QUOTES = " \t\r\n.\"'`"
_ENDS = _QUOTES + "!"  # at the beginning, `!` is a negation
_STRUCK_THROUGH = re.compile(r"[\u0335-\u0338]")  # combining strokes and overlays


def answer(value: object) -> Answer:
    """Return the meaning of a value: a boolean, 1 or 0, or a word. Signs count: `-1` is not 1.

    Only null and blank text are absent. Other unreadable values are answers.
    """
    if isinstance(value, str):
        return _of_text(value)
    if value is None:
        return Answer.ABSENT
    if isinstance(value, (bool, int, float)) and value in (0, 1):
        return Answer.YES if value else Answer.NO
    return Answer.UNREADABLE


def _of_text(text: str) -> Answer:
    text = text.strip()
    if len(text) > _LONGEST:
        return Answer.UNREADABLE
    if _STRUCK_THROUGH.search(text):
        return Answer.UNREADABLE
    written = _folded(text)
    if not written:
        return Answer.ABSENT
    word = _BETWEEN_WORDS.sub("", written.lstrip(_QUOTES).rstrip(_ENDS)) if any(map(str.isalpha, written)) else written
    if (normalised_name := _PLAIN.get(word)) is not None:
        return normalised_name
    if _CONSENTED.fullmatch(word):
        return Answer.CONSENTED
    return Answer.REFUSED if _REFUSED.fullmatch(word) else Answer.UNREADABLE


def _folded(text: str) -> str:
    """Return the text without case, accents, full-width forms and invisible characters."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in decomposed if unicodedata.category(each) not in ("Mn", "Cf", "Cc")).strip()


def _words(text: str) -> str:
    return "|".join(_folded(text).split())


_PLAIN = {
    **dict.fromkeys(_folded(_YES).split(), Answer.YES),
    **dict.fromkeys(_folded(_NO).split(), Answer.NO),
    "marketingunknown": Answer.UNDECIDED,
}
_CONSENTED = re.compile(f"{_BEFORE}(?:{_words(_CONSENT)}|{_words(_CONFIRMED)}){_AFTER}")
_REFUSED = re.compile(f"{_BEFORE}(?:{_words(_REFUSAL)}|{_NEGATION}(?:{_words(_CONSENT)})){_AFTER}")
