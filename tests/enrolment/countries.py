"""The table of countries' names, from the libraries that know them.

    python -m tests.enrolment.countries    (make countries)

The worker carries the table and not the libraries: loading them takes a tenth of a second and 8 MB.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import orjson
import pycountry
from countryinfo import CountryInfo

from consumer.enrolment.country import TABLE, key_of


def table() -> bytes:
    """As JSON: by code, the keys of the country's names."""
    names = defaultdict(list)
    for name, code in sorted(_codes().items()):
        names[code].append(name)
    return orjson.dumps(names, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def _codes() -> dict[str, str]:
    """Codes by key. ISO's own names (Debian's iso-codes, in pycountry) count before countryinfo's spellings."""
    codes: dict[str, str] = {}
    official = {country.alpha_2 for country in pycountry.countries}
    for country in pycountry.countries:
        for field in ("alpha_2", "alpha_3", "name", "common_name", "official_name"):
            for name in _both_ways(getattr(country, field, "")):
                codes.setdefault(key_of(name), country.alpha_2)
    for name, code in _spellings():
        if code in official:  # countryinfo has some that ISO has withdrawn
            codes.setdefault(key_of(name), code)
    for nation in pycountry.subdivisions.get(country_code="GB"):  # type: ignore[no-untyped-call]  # is untyped
        if nation.type in ("Country", "Province"):  # England, Scotland, Wales; Northern Ireland
            codes.setdefault(key_of(nation.name), "GB")
    codes.pop("", None)
    return codes


def _both_ways(name: str) -> tuple[str, str]:
    """`Korea, Republic of` is `Republic of Korea`, too."""
    return name, " ".join(reversed(name.split(", ")))


def _spellings() -> Iterator[tuple[str, str]]:
    for country in CountryInfo.all().values():
        code = country.get("ISO", {}).get("alpha2", "")
        for name in (country.get("name"), country.get("nativeName"), *(country.get("altSpellings") or ())):
            yield name or "", code


if __name__ == "__main__":
    TABLE.write_bytes(table())
