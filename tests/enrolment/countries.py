"""The table of countries' names, from the libraries that know them.

    python -m tests.enrolment.countries    (make countries)

The worker carries the table and not the libraries: CLDR alone has 30 MB.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cache

import orjson
import pycountry
from babel import Locale
from babel.localedata import locale_identifiers
from countryinfo import CountryInfo

from consumer.enrolment.country import TABLE, key_of

LANGUAGES = (
    *(
        "en",
        "zh",
        "zh_Hant",
        "hi",
        "es",
        "ar",
        "fr",
        "bn",
        "pt",
        "pt_PT",
        "id",
        "ur",
        "ru",
        "de",
        "ja",
        "mr",
        "vi",
        "te",
    ),
    *(
        "tr",
        "ko",
        "ta",
        "fa",
        "pa",
        "sw",
        "gu",
        "kn",
        "ml",
        "my",
        "fil",
        "th",
        "ms",
        "am",
        "it",
        "pl",
        "uk",
        "nl",
        "ro",
    ),
    *(
        "el",
        "cs",
        "hu",
        "sv",
        "da",
        "nb",
        "fi",
        "he",
        "sk",
        "bg",
        "hr",
        "sr",
        "sr_Latn",
        "sl",
        "lt",
        "lv",
        "et",
        "ca",
        "eu",
    ),
    *("gl", "ga", "is", "sq", "mk", "bs", "be", "hy", "ka", "az", "kk", "uz"),
)
"""CLDR's locales whose names are taken: the world's large languages, and Europe's."""

REGIONS = frozenset({country.alpha_2 for country in pycountry.countries} | {"AC", "TA", "XK"})
"""ISO 3166, and what phonenumbers knows beyond it."""

SPELLINGS = {
    "AE": ["UAE", "VAE", "EAU"],
    "BA": ["Bosnia", "Bosna", "Bosnien"],
    "BY": ["Weißrussland", "Bielorussia", "Белоруссия"],
    "CD": ["DR Congo", "DRC", "Congo-Kinshasa", "Congo, Dem. Rep."],
    "CG": ["Congo-Brazzaville", "Congo, Rep."],
    "CI": ["Ivory Coast", "Elfenbeinküste", "Ivoorkust"],
    "CN": ["PRC", "PR China", "Mainland China"],
    "CZ": ["Czech Rep.", "Tschechische Republik", "République tchèque", "República Checa", "Repubblica Ceca"],
    "DO": ["Dominican Rep."],
    "EG": ["Egypt, Arab Rep."],
    "FM": ["Micronesia, Fed. Sts."],
    "GB": [
        *("Great Britain", "Britain", "England", "Scotland", "Wales", "Northern Ireland"),
        *("Großbritannien", "Grande-Bretagne", "Gran Bretaña", "Gran Bretagna", "Grã-Bretanha", "Groot-Brittannië"),
        *("Великобритания", "Велика Британія", "Storbritannien", "Storbritannia", "Büyük Britanya", "Engeland"),
        *("Angleterre", "Inglaterra", "Inghilterra", "Anglia", "Англия", "Schottland", "Écosse", "Escocia", "Scozia"),
        *("İngiltere", "英国", "英國", "영국", "イギリス"),
    ],
    "HK": ["Hong Kong SAR, China"],
    "IE": ["Republic of Ireland", "Eire"],
    "IR": ["Iran, Islamic Rep."],
    "KP": ["Korea, Dem. People's Rep.", "DPRK", "북한", "朝鲜", "北朝鮮"],
    "KR": ["Korea, Rep.", "Republic of Korea", "ROK", "한국", "남한", "南韓"],
    "MK": ["Macedonia", "FYROM", "Macedonia, the former Yugoslav Republic of"],
    "MO": ["Macao SAR, China"],
    "NL": ["Holland", "Hollande", "Holanda", "Olanda", "Голландия"],
    "PS": ["West Bank and Gaza"],
    "RU": ["РФ", "Russian Fed."],
    "SA": ["KSA"],
    "US": [
        "EE.UU.",
        "EEUU",
        "États-Unis d'Amérique",
        "EUA",
        "ABD",
        "США",
        "Stati Uniti d'America",
        "アメリカ",
        "米国",
        "미국",
    ],
    "VA": ["Vatican"],
    "VE": ["Venezuela, RB"],
    "VG": ["Virgin Islands (British)", "BVI"],
    "VI": ["Virgin Islands (U.S.)", "US Virgin Islands", "USVI"],
    "YE": ["Yemen, Rep."],
}
"""What the libraries lack: abbreviations, everyday names, and the World Bank's, which many forms took over."""

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})


@cache
def table() -> bytes:
    """Return the table as JSON: what `consumer.enrolment.country` looks up, each list as one text."""
    codes = _codes()
    names = defaultdict(list)
    for name, code in sorted(_names().items()):
        if codes.get(name) != code:
            names[code].append(name)
    document = {
        "codes": " ".join(f"{written}={code}" for written, code in sorted(codes.items())),
        "languages": " ".join(sorted(filter(str.isalpha, map(str, Locale("en").languages)))),
        "subdivisions": " ".join(sorted(_subdivisions_like_locales())),
        "names": {code: "|".join(names[code]) for code in sorted(names)},
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _codes() -> dict[str, str]:
    """Alpha-2 by code, in lower case. One that is a country's name in some language counts in upper case only."""
    codes = {region.lower(): region for region in REGIONS} | {"uk": "GB", "el": "GR"}
    codes |= {country.alpha_3.lower(): country.alpha_2 for country in pycountry.countries} | {"xkx": "XK"}
    names = {name.casefold() for region, name in _translations() if codes.get(name.casefold(), region) != region}
    return {code.upper() if code in names and len(code) == 3 else code: region for code, region in codes.items()}


def _names() -> dict[str, str]:
    """Alpha-2 by key. A name that means two countries, in one language or in two, is left out."""
    meanings = defaultdict(set)
    for region, name in (*_english(), *_translations()):
        if region in REGIONS:
            meanings[key_of(name)].add(region)
    official = {key_of(name): region for region, name in _english_by_iso()}
    codes = _codes()
    names = {key: next(iter(regions)) for key, regions in meanings.items() if len(regions) == 1} | official
    return {
        key: region
        for key, region in names.items()
        if len(key) > 1 and codes.get(key, region) == codes.get(key.upper(), region) == region
    }


def _english_by_iso() -> Iterator[tuple[str, str]]:
    for country in pycountry.countries:
        for field in ("name", "common_name", "official_name"):
            for name in _both_ways(getattr(country, field, "")):
                yield country.alpha_2, name


def _english() -> Iterator[tuple[str, str]]:
    yield from _english_by_iso()
    for country in CountryInfo.all().values():
        for name in (country.get("name"), country.get("nativeName"), *(country.get("altSpellings") or ())):
            yield country.get("ISO", {}).get("alpha2", ""), name or ""
    for region, names in SPELLINGS.items():
        for name in names:
            yield region, name


def _both_ways(name: str) -> tuple[str, str]:
    """`Korea, Republic of` is `Republic of Korea`, too."""
    return name, " ".join(reversed(name.split(", ")))


def _translations() -> Iterator[tuple[str, str]]:
    for language in LANGUAGES:
        for region, name in Locale.parse(language).territories.items():
            if region in REGIONS:
                yield region, name
                if language == "de":
                    yield region, name.translate(_UMLAUTS)


def _subdivisions_like_locales() -> Iterator[str]:
    """ISO 3166-2 codes that read like a locale, such as `DE-BY`, but are no locale that CLDR has."""
    locales = {tuple(identifier.lower().split("_")) for identifier in locale_identifiers()}
    locales = {(parts[0], parts[-1]) for parts in locales}
    languages = set(Locale("en").languages)
    for subdivision in pycountry.subdivisions:
        code = subdivision.code.lower()
        language, region = code.split("-", 1)
        if language in languages and region.upper() in REGIONS:
            yield code if (language, region) not in locales else code.upper()


if __name__ == "__main__":
    TABLE.write_bytes(table())
