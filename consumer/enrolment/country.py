"""Countries as ISO 3166 alpha-2, from what people write."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path

import orjson

TABLE = Path(__file__).with_name(
    "countries.json"
)  # by code, the keys of the country's names; `make countries` writes it
_SILENT = re.compile(r"[.'\u2019\u02bc]")  # full stops and apostrophes
_SEPARATORS = re.compile(r"[\W_]+")
_SAINT = re.compile(r"\bst (?=\w)")


def alpha_2(text: str) -> str | None:
    """The country's ISO 3166 alpha-2 code; None if we don't know the country.

    Knows alpha-2 and alpha-3 codes, the names in English, common and official, the usual short forms (`UK`, `U.S.A.`,
    `Holland`), most names in the country's own language, and the United Kingdom's countries. Case, accents, dots, a
    leading `the` and `St` for `Saint` don't matter.
    """
    table = _table()
    return table.get(text.casefold()) or table.get(key_of(text))


def key_of(name: str) -> str:
    """What is compared of a name."""
    decomposed = unicodedata.normalize("NFKD", name.casefold().replace("&", " and "))
    letters = "".join(character for character in decomposed if not unicodedata.combining(character))
    words = _SEPARATORS.sub(" ", _SILENT.sub("", letters)).strip().removeprefix("the ")
    return _SAINT.sub("saint ", words)


@cache
def _table() -> dict[str, str]:
    """Codes by name."""
    return {name: code for code, names in orjson.loads(TABLE.read_bytes()).items() for name in names}
