"""Find the phone number in free text: beside labels, extensions and remarks, or with masked digits."""

from __future__ import annotations

import re
from enum import Enum
from string import ascii_uppercase
from typing import NamedTuple

from phonenumbers import convert_alpha_characters_in_number

from consumer.enrolment.phone_signs import as_ascii
from consumer.enrolment.plain_number import is_date_or_address, is_plain


class Beside(Enum):
    """The text beside the number. The check is stricter where that text may belong to the number."""

    NOTHING = "nothing"
    WORDS = "words"  # a label, a remark or an extension: the number has to be valid without it
    SIGN = "sign"  # `x5`, `#5`: an extension, unless the sign may replace a digit
    PAUSE = "pause"  # `,5`: an extension to dial after a pause, unless it may be the number's end


class Written(NamedTuple):
    """The number in a text; without `number` and `vanity` it holds none."""

    number: str = ""  # digits, a plus sign before, signs that phonenumbers ignores
    beside: Beside = Beside.NOTHING
    extension: str = ""  # the digits behind a sign
    vanity: str = ""  # a number with letters converted to keypad digits
    first: tuple[str, ...] = ()  # the part before a slash: if it is a number, there are two
    rest: tuple[str, ...] = ()  # without a group beside words that may belong to them: `Floor 2 030 123456`
    masked: bool = False  # signs are in place of digits


_NONE = Written()
_MASKED = Written(masked=True)

_LETTER = r"[^\W\d_]"
_ALONE = rf"(?<!{_LETTER})%s(?!{_LETTER})"  # not beside a letter
_X, _XX, _UNDERSCORE, _ONE_LETTER = (_ALONE % part for part in ("x", "xx+", "_", rf"({_LETTER})\1+"))

_URI = re.compile(r"(?:tel:)?([^;]+)((?:;[\w-]+=[^;]*)+);?", re.IGNORECASE)  # RFC 3966
_CONTEXT = re.compile(r";phone-context=(\+[\d().-]+)", re.IGNORECASE)
_DECIMALS = re.compile(r"(\+?\d{7,})\.0+")

_START = re.compile(r"[+\d]")
_NUMBERED_LABEL = re.compile(rf"[^\d+:]*{_LETTER}[^\d+:]*\d\)?\s*:")  # "Phone 2:"
_MASKED_LABEL = re.compile(rf"[*?]|{_UNDERSCORE}|{_X}|{_ONE_LETTER}|#(?!\s*:?\s*\(?$)|^\W*#", re.IGNORECASE)
_LABEL = re.compile(rf".*(?:{_LETTER}{{2}}.*[\s:.()#=]|{_LETTER}[:.]\s*\(?)", re.DOTALL)
_NO_LABEL = re.compile(r"[\s(\"'<=:.]*")
_REGION_LABEL = re.compile(r"\W*([A-Z]{2}|[\U0001f1e6-\U0001f1ff]{2})\W*")
_FLAG_LETTERS = {0x1F1E6 + index: letter for index, letter in enumerate(ascii_uppercase)}
_NO_REGIONS = ("PH", "MO")  # are short for phone and mobile, too

_MASK = re.compile(
    rf"[*]|{_UNDERSCORE}|(?<![^\W\d_)])[?]|{_XX}|##+|\.(?:\s?\.){{2,}}|-(?:\s?-){{2,}}|[-.]{{2,}}$", re.IGNORECASE
)
_MASK_OR_EXTENSION = re.compile(rf"#|{_X}", re.IGNORECASE)
_DIGITS = re.compile(r"(?:00\s*)?\++[\s(]*\d[\d\s()./-]*(?<=\d)|\d[\d\s()./-]*(?<=\d)")
_CLOSING = re.compile(r"[\s).,;:'\">]*")
_EXTENSION = re.compile(
    r"[\s,;(.-]*(?:ext(?:ensi[oó]n)?|extn?|extensão|xtn?|anexo|доб\w*|вн\w*|durchwahl|dw|nebenstelle|nst|apparat|app"
    r"|postes?|int(?:erno|ern)?|ramal|toestel|tst|anknytning|ankn|wew\w*|klapka|linka|mellék|dahili|lok(?:al)?"
    r"|loc(?:al)?|内线|内線|內線|分机|分機|转|轉|내선)[\s.:#=-]*\d{1,9}[#)\s.]*",
    re.IGNORECASE,
)
_SIGN = re.compile(r"\s*(?:[x#~][.:]?|,+|;)\s*(\d{1,5})#?\s*", re.IGNORECASE)
_REMARK = re.compile(
    rf"(?:\s*[(,;:<-]\s*|\s+)[(\"']*(?:{_LETTER}|[^\x00-\x7f])[^\d@+]*"
    rf"|\s*\([^()\d]*{_LETTER}[^()\d]*\d{{1,4}}[^()\d]*\)\s*"
)
_VANITY = re.compile(r"\+?\d[\d\s().-]*[A-Za-z][A-Za-z\d\s.-]*")
_LEADING_GROUP = re.compile(r"[1-9]\d?(?:\s*-\s*\d{1,2})?[\s-]+(?=\(?0)")
_TRAILING_HOURS = re.compile(r"\s+\d{1,2}\s*-\s*\d{1,2}$")
_REDACTED = re.compile(
    r"(?<!\w)(?:redact|hidden|mask|remov|delet|withheld|confidential|private|unknown|anonymi|obfuscat|censor"
    r"|geschwärzt|ausgeblendet|masqu|ocult)",
    re.IGNORECASE,
)
_MOST_SLASHES = 4  # a text with more is no number; bounds the parts to read
_LATE = 7  # digits; a parenthesis after so many holds no area code


def find_number(text: str, region: str | None) -> Written:
    """Return the number in a text of at most `LONGEST_TEXT` characters.

    region -- of the national form: a label that names another region contradicts it
    """
    if text and is_plain(text) and not is_date_or_address(text):
        return Written(text)
    text = as_ascii(text)
    if uri := _URI.fullmatch(text):
        context = _CONTEXT.search(uri[2])
        text = f"{context[1]} {uri[1]}" if context else uri[1]
    if decimals := _DECIMALS.fullmatch(text):
        text = decimals[1]
    numbered = _NUMBERED_LABEL.match(text)
    start = _START.search(text, numbered.end() if numbered else 0)
    if start is None:
        return _MASKED if _MASK.search(text) else _NONE
    label, rest = text[: start.start()], text[start.start() :]
    if not rest.startswith("+"):
        if _MASKED_LABEL.search(label):
            return _MASKED
        if _is_no_label(label, region) or is_date_or_address(rest):
            return _NONE
    if _MASK.search(rest):
        return _MASKED
    written = _divide(rest)
    if not _NO_LABEL.fullmatch(label) and not rest.startswith("+"):
        beside = Beside.WORDS if written.beside is Beside.NOTHING else written.beside
        group = _LEADING_GROUP.match(written.number)
        others = (written.number[group.end() :],) if group else ()
        return written._replace(beside=beside, rest=(*written.rest, *others))
    return written


def _is_no_label(label: str, region: str | None) -> bool:
    named = _REGION_LABEL.fullmatch(label)
    if named and named[1] not in _NO_REGIONS:
        return named[1].translate(_FLAG_LETTERS) != region
    return not (_LABEL.fullmatch(label) or _NO_LABEL.fullmatch(label))


def _divide(text: str) -> Written:
    """Split a text that begins with a number into the number and the rest."""
    digits = _DIGITS.match(text)
    if digits is None:
        return _MASKED if _MASK_OR_EXTENSION.search(text) else _NONE
    number = _without_late_parenthesis(digits[0])
    if number.count("/") > _MOST_SLASHES:
        return _NONE
    rest = text[len(number) :]
    first = tuple(number[: slash.start()] for slash in re.finditer("/", number))
    if _CLOSING.fullmatch(rest):
        return Written(number, first=first)
    vanity = convert_alpha_characters_in_number(text) if _is_vanity(text) else ""
    if sign := _SIGN.fullmatch(rest):
        beside = Beside.PAUSE if sign[0].lstrip()[0] in ",;" else Beside.SIGN
        return Written(number, beside, sign[1], vanity, first)
    if _EXTENSION.fullmatch(rest):
        return Written(number, Beside.WORDS, first=first)
    if _MASK_OR_EXTENSION.search(rest) or _REDACTED.search(rest):
        return _MASKED
    if _REMARK.fullmatch(rest) and not re.search(_ONE_LETTER, rest, re.IGNORECASE):
        hours = _TRAILING_HOURS.search(number)
        return Written(
            number, Beside.WORDS, vanity=vanity, first=first, rest=(number[: hours.start()],) if hours else ()
        )
    return Written(vanity=vanity)


def _without_late_parenthesis(number: str) -> str:
    for opening in re.finditer(r"\(", number):
        before = number[: opening.start()]
        if sum(map(str.isdigit, before)) >= _LATE:
            return before.rstrip()
    return number


def _is_vanity(text: str) -> bool:
    letters = [sign for sign in text.upper() if sign.isalpha()]
    return len(letters) > 2 and len(set(letters)) > 1 and _VANITY.fullmatch(text) is not None
