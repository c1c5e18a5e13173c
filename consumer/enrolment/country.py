"""Countries as ISO 3166 alpha-2, read from codes and names in free text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import orjson
from msgspec import Struct

TABLE = Path(__file__).with_name("countries.json")  # `make countries` writes it

_LONGEST = 100  # characters of a text that may name a country
_LONGEST_CODE = len("the U.S.A. ")
_WITHOUT_A_CODE = frozenset({"AC", "TA"})  # regions of phonenumbers that ISO 3166 only reserves
_LETTERS = str.maketrans(  # strokes that no decomposition removes, and optional signs
    {"\u0131": "i", "ł": "l", "đ": "d", "ø": "o", "&": " and "} | dict.fromkeys(".'\u2019\u02bc\u02bb\u0060\u00b4")
)
_SAINT = re.compile(r"\bst(?:\.\s*|\s+)(?=\w)")
_LOCALE = re.compile(
    r"([a-z]{2,3})(?:[_-][a-z]{4})?[_-]([a-z]{2})(?:[.@][\w.@=-]*|[_-](?:[a-z0-9]{5,8}|\d[a-z0-9]{3})|[_-][ux][_-][a-z0-9_-]+)?",
    re.I,
)
_FLAG = re.compile("([\U0001f1e6-\U0001f1ff]{2})|\U0001f3f4([\U000e0061-\U000e007a]{4,6})\U000e007f")
_DIALLING_CODE = re.compile(r"[(\[]?\s*\+\s*\d{1,3}(?:[ -]\d{1,4})?\s*[)\]]?")
_BRACKETS = re.compile(r"(.*)[(\[]([^()\[\]]+)[)\]]([^()\[\]]*)")
_ARTICLE = re.compile(r"the ", re.I)
_SEPARATORS = re.compile(r"\s[-\u2013\u2014]\s|[:/|,;\n]")


class _Table(Struct, frozen=True):
    """The tables in the file.

    codes        -- alpha-2 by alpha-2 and alpha-3, in lower case; the few that are a country's name, too, in upper case
    names        -- alpha-2 by `key_of` of a name
    languages    -- languages' codes
    subdivisions -- ISO 3166-2 codes that read like a locale: in upper case those that are one as well
    """

    codes: dict[str, str]
    names: dict[str, str]
    languages: frozenset[str]
    subdivisions: frozenset[str]


def alpha_2(text: str) -> str | None:
    """Return the country's ISO 3166 alpha-2 code (`XK` for Kosovo); None if the text names none that has one."""
    region = region_of(text)
    return None if region in _WITHOUT_A_CODE else region


def region_of(text: str) -> str | None:
    """Return the region for phone numbers: an alpha-2 code, or one that only phonenumbers has (AC, TA).

    Accepts alpha-2 and alpha-3 codes, names in English and the world's large languages, common and official, inverted
    ones (`Korea, South`), the usual short forms (`UK`, `U.S.A.`), the United Kingdom's countries, `Name (XX)`, flags
    and locales (`en-GB`). Ignores case, accents, dots, a leading or trailing `the`, and `St` for `Saint`. None for an
    ambiguous name, and for two names that contradict each other.
    """
    if len(text) > _LONGEST:
        return None
    table, folded = _table(), text.casefold()
    return table.codes.get(folded) or table.names.get(folded) or _region_in(text)  # most texts are a plain code or name


def _region_in(text: str) -> str | None:
    """Return the region of a text that the table does not hold as it is."""
    text, flags = _without_flags(text)
    text = _DIALLING_CODE.sub(" ", text).strip()
    if not text:
        return _agreed(flags)
    region = _named(text) or _of_locale(text) or _of_parts(text)
    return _agreed([region, *flags]) if region else _agreed(flags)


def key_of(name: str) -> str:
    """Return the key by which names are compared."""
    decomposed = unicodedata.normalize("NFKD", _SAINT.sub("saint ", name.casefold()).translate(_LETTERS))
    kept = [
        each
        for each in decomposed
        if not unicodedata.combining(each) and unicodedata.category(each) != "Cf" and each != "\ufe0f"
    ]
    words = "".join(each if each.isalnum() or unicodedata.category(each)[0] == "M" else " " for each in kept).split()
    return " ".join(words).removeprefix("the ").removesuffix(" the")


def _named(text: str) -> str | None:
    """Return the region of a code or a name, also with its parts around a comma or brackets inverted."""
    table = _table()
    code = _ARTICLE.sub("", text.replace(".", ""), count=1) if len(text) < _LONGEST_CODE else ""
    region = table.codes.get(code) or table.codes.get(code.lower()) or table.names.get(key_of(text))
    if region is None and (inverted := _inverted(text)):
        region = table.names.get(key_of(inverted))
    return region


def _inverted(text: str) -> str | None:
    """Return `Korea, South` and `Korea (South)` as `South Korea`."""
    if brackets := _BRACKETS.fullmatch(text):
        return f"{brackets[2]} {brackets[1]} {brackets[3]}"
    name, comma, rest = text.partition(",")
    return f"{rest} {name}" if comma else None


def _of_locale(text: str) -> str | None:
    """Return the region of `en-GB`, `en_GB.UTF-8` or `zh-Hant-TW`; `DE-BY` is Bavaria's code, not a locale."""
    locale = _LOCALE.fullmatch(text)
    table = _table()
    if locale is None or locale[1].lower() not in table.languages:
        return None
    language, region = locale.groups()
    pair = f"{language}-{region}".lower()
    usual_case = language.islower() and region.isupper()
    if pair in table.subdivisions or (pair.upper() in table.subdivisions and not usual_case):
        return None
    return table.codes.get(region.lower())


def _of_parts(text: str) -> str | None:
    """Return the region of a name with its code or its translation.

    `Narnia (US)`, `US - United States`, `Spain / España`.
    """
    if brackets := _BRACKETS.fullmatch(text):
        name, inner = f"{brackets[1]}{brackets[3]}".strip(), brackets[2].strip()
        code = _named(inner)
        if code and inner.isupper() and len(inner.replace(".", "")) <= 3:
            return _agreed([_named(name) or code, code])
        parts = [name, inner]
    else:
        parts = [part for part in _SEPARATORS.split(text) if part.strip()]
    return _agreed(map(_named, map(str.strip, parts))) if len(parts) > 1 else None


def _without_flags(text: str) -> tuple[str, list[str | None]]:
    """Return the text without its flags, and their regions (None for a flag of no country)."""
    if text.isascii():
        return text, []
    codes = _table().codes
    flags = [
        codes.get("".join(chr(ord(each) & 0xFF) for each in tags[:2]) if tags else _of_indicators(indicators))
        for indicators, tags in _FLAG.findall(text)
    ]
    return _FLAG.sub(" ", text), flags


def _of_indicators(indicators: str) -> str:
    return "".join(chr(ord(each) - 0x1F1E6 + ord("a")) for each in indicators)


def _agreed(regions: Iterable[str | None]) -> str | None:
    """Return the common region of all; None where one is None or two differ."""
    distinct = set(regions)
    return distinct.pop() if len(distinct) == 1 else None


@cache
def _table() -> _Table:
    document = orjson.loads(TABLE.read_bytes())
    return _Table(
        codes=dict(pair.split("=") for pair in document["codes"].split()),
        names={name: code for code, names in document["names"].items() for name in names.split("|")},
        languages=frozenset(document["languages"].split()),
        subdivisions=frozenset(document["subdivisions"].split()),
    )
