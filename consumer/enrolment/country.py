"""Countries as ISO 3166 alpha-2, from what people write."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

_SILENT = re.compile(r"[.'\u2019\u02bc]")  # full stops and apostrophes
_SEPARATORS = re.compile(r"[\W_]+")
_SAINT = re.compile(r"\bst (?=\w)")


def alpha_2(text: str) -> str | None:
    """The country's ISO 3166 alpha-2 code; None if we don't know the country.

    Knows alpha-2 and alpha-3 codes, the names in English, common and official, the usual short forms (`UK`, `U.S.A.`,
    `Holland`), most names in the country's own language, and the United Kingdom's countries. Case, accents, dots, a
    leading `the` and `St` for `Saint` don't matter. The first call loads the tables (about a tenth of a second).
    """
    table = _table()
    return table.get(text.casefold()) or table.get(_key(text))


def _key(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name.casefold().replace("&", " and "))
    letters = "".join(character for character in decomposed if not unicodedata.combining(character))
    words = _SEPARATORS.sub(" ", _SILENT.sub("", letters)).strip().removeprefix("the ")
    return _SAINT.sub("saint ", words)


@cache
def _table() -> dict[str, str]:
    """Codes by name. ISO's own names (Debian's iso-codes, in pycountry) count before countryinfo's spellings."""
    import pycountry  # noqa: PLC0415 -- loaded with the first country, not with the program

    codes: dict[str, str] = {}
    official = {country.alpha_2 for country in pycountry.countries}
    for country in pycountry.countries:
        for field in ("alpha_2", "alpha_3", "name", "common_name", "official_name"):
            for name in _both_ways(getattr(country, field, "")):
                codes.setdefault(_key(name), country.alpha_2)
    for name, code in _spellings():
        if code in official:  # countryinfo has some that ISO has withdrawn
            codes.setdefault(_key(name), code)
    for nation in pycountry.subdivisions.get(country_code="GB"):  # type: ignore[no-untyped-call]  # is untyped
        if nation.type in ("Country", "Province"):  # England, Scotland, Wales; Northern Ireland
            codes.setdefault(_key(nation.name), "GB")
    codes.pop("", None)
    return codes


def _both_ways(name: str) -> tuple[str, str]:
    """`Korea, Republic of` is `Republic of Korea`, too."""
    return name, " ".join(reversed(name.split(", ")))


def _spellings() -> Iterator[tuple[str, str]]:
    from countryinfo import CountryInfo  # noqa: PLC0415 -- as above

    for country in CountryInfo.all().values():
        code = country.get("ISO", {}).get("alpha2", "")
        for name in (country.get("name"), country.get("nativeName"), *(country.get("altSpellings") or ())):
            yield name or "", code
