"""Countries as people write them."""

from __future__ import annotations

import phonenumbers
import pycountry
import pytest
from babel import Locale

from consumer.enrolment.country import TABLE, alpha_2, key_of, region_of
from tests.enrolment.countries import LANGUAGES, REGIONS, table
from tests.support.growth import MOST_GROWTH, PATTERN_IDS, PATTERNS, growth


def test_the_table_is_what_the_libraries_know() -> None:
    assert TABLE.read_bytes() == table(), "run `make countries`"


WRITTEN = {
    "US": [
        *(
            "US",
            "us",
            "USA",
            "usa",
            "U.S.",
            "U.S.A.",
            "United States",
            "united states of america",
            "the USA",
            "The U.S.",
        ),
        *(
            "United States (US)",
            "United States [US]",
            "[US] United States",
            "United States (USA)",
            "USA (United States)",
        ),
        *("United States of America (the)", "US - United States", "United States - US", "US: United States"),
        *(
            "United States (+1)",
            "+1 United States",
            "United States +1",
            "\U0001f1fa\U0001f1f8",
            "\U0001f1fa\U0001f1f8 USA",
        ),
        *("en-US", "en_US", "en-us", "EN-US", "es_US.UTF-8", "Estados Unidos", "EE.UU.", "États-Unis", "Etats-Unis"),
        *(
            "Vereinigte Staaten",
            "Соединенные Штаты",
            "США",
            "美国",
            "美國",
            "アメリカ合衆国",
            "미국",
            "الولايات المتحدة",
        ),
    ],
    "GB": [
        *("GB", "gbr", "UK", "uk", "U.K.", "United Kingdom", "Great Britain", "England", "Scotland", "Wales", "The UK"),
        *("United Kingdom (UK)", "United Kingdom (GB)", "England (UK)", "England, UK", "en-GB", "en_GB", "en_GB.UTF-8"),
        *(
            "en_GB@euro",
            "cy-GB",
            "\U0001f1ec\U0001f1e7",
            "\U0001f1ec\U0001f1e7 United Kingdom",
            "UK \U0001f1ec\U0001f1e7",
        ),
        *("Großbritannien", "GROSSBRITANNIEN", "Royaume-Uni", "Reino Unido (UK)", "Regno Unito", "Великобритания"),
    ],
    "DE": [
        *("de", "DEU", "Germany", "GERMANY", "Deutschland", "Federal Republic of Germany", "Germany (Deutschland)"),
        *("de-DE", "de_DE.UTF-8@euro", "de-DE-1996", "de-DE-u-co-phonebk", "Germany (+49)", "Germany / Deutschland"),
        *(
            "Allemagne",
            "Alemania",
            "Germania",
            "Niemcy",
            "Německo",
            "Германия",
            "德国",
            "ドイツ",
            "독일",
            "ألمانيا",
            "जर्मनी",
        ),
    ],
    "NL": [
        "NLD",
        "Netherlands",
        "The Netherlands",
        "Netherlands, The",
        "Netherlands (the)",
        "Holland",
        "Pays-Bas",
        "Pays Bas",
    ],
    "KR": [
        *(
            "KOR",
            "South Korea",
            "Korea, South",
            "Korea (South)",
            "Korea, Republic of",
            "Korea (Republic of)",
            "Korea, Rep.",
        ),
        *(
            "Republic of Korea",
            "Republic of Korea (the)",
            "대한민국",
            "한국",
            "韩国",
            "韓国",
            "ko-KR",
            "Südkorea",
            "Suedkorea",
        ),
    ],
    "KP": [
        "PRK",
        "North Korea",
        "Korea, North",
        "Korea (the Democratic People's Republic of)",
        "Korea, Dem. People's Rep.",
    ],
    "BS": ["Bahamas", "Bahamas, The", "The Bahamas", "Bahamas (The)", "bahamas,the"],
    "GM": ["Gambia, The", "The Gambia", "Gambia (the)"],
    "CD": [
        *("DR Congo", "Congo, The Democratic Republic of the", "Congo, Democratic Republic of the", "Congo, Dem. Rep."),
        *(
            "Congo (Democratic Republic of the)",
            "Congo - Kinshasa",
            "Congo (Kinshasa)",
            "Democratic Republic of the Congo",
        ),
    ],
    "CG": ["Congo (Brazzaville)", "Congo, Rep.", "Republic of the Congo", "Congo, Republic of the"],
    "RU": [
        "RUS",
        "Russia",
        "Russian Federation",
        "Russian Federation (the)",
        "Россия",
        "РФ",
        "Russia / Россия",
        "ru_RU",
    ],
    "CZ": ["Czechia", "Czech Republic", "Česko", "cesko", "Tschechien", "Tschechische Republik"],
    "CI": ["Ivory Coast", "Côte d'Ivoire", "Cote d\u2019Ivoire", "Cote dIvoire", "Elfenbeinküste"],
    "AE": ["UAE", "U.A.E.", "United Arab Emirates", "United Arab Emirates (the)", "الإمارات العربية المتحدة"],
    "TR": ["Turkey", "Türkiye", "turkiye", "TÜRKİYE", "TÜRKIYE", "Türkei", "tr-TR"],
    "HR": ["Hrvatska", "Hırvatistan", "HIRVATISTAN", "HIRVATİSTAN"],
    "IT": ["Italia", "Włochy", "Wlochy", "ITALYA", "İTALYA", "it_IT"],
    "VN": ["Vietnam", "Viet Nam", "Việt Nam", "viet nam"],
    "IR": ["Iran", "Iran, Islamic Republic of", "Iran (Islamic Republic of)", "ایران", "إيران"],
    "TW": ["Taiwan", "Taiwan, Province of China", "台灣", "台湾", "zh-TW", "zh-Hant-TW", "zh_Hant_TW"],
    "CN": ["China", "中国", "中國", "zh-Hans-CN", "China, People's Republic of"],
    "HK": ["Hong Kong", "hong_kong", "HONG-KONG", "Hong Kong SAR China", "Hong Kong (SAR China)", "香港"],
    "MK": ["North Macedonia", "Macedonia, the former Yugoslav Republic of"],
    "LC": ["Saint Lucia", "St. Lucia", "st lucia", "St.Lucia"],
    "ST": ["ST", "Sao Tome and Principe", "São Tomé & Príncipe"],
    "TT": ["Trinidad & Tobago", "TRINIDAD AND TOBAGO"],
    "BO": ["Bolivia", "Bolivia (Plurinational State of)", "Bolivia, Plurinational State of"],
    "FM": ["Micronesia (Federated States of)", "Micronesia, Fed. Sts."],
    "AS": ["American Samoa", "Samoa (American)", "Samoa, American"],
    "VI": ["Virgin Islands (U.S.)", "Virgin Islands, U.S.", "U.S. Virgin Islands"],
    "VG": ["Virgin Islands (British)", "British Virgin Islands"],
    "ES": ["España", "espana", "ESPAÑA", "Spain / España", "es-ES", "ca-ES-valencia", "İspanya", "ISPANYA"],
    "CH": ["Schweiz", "Suisse", "Switzerland", "Svizzera", "Schweiz (CH)", "de-CH", "rm-CH"],
    "AT": ["Österreich", "Oesterreich", "ÖSTERREICH", "Osterreich", "at", "de_AT"],
    "BE": ["Belgium", "België", "Belgique", "nl-BE", "fr_BE", "de-BE"],
    "BR": ["Brasil", "pt-BR", "pt_br"],
    "IN": ["India", "भारत", "இந்தியா", "ভারত", "hi-IN"],
    "JP": ["日本", "Japan", "ja_JP", "ja-JP"],
    "GR": ["Greece", "Ελλάδα", "ΕΛΛΑΔΑ", "EL", "el-GR"],
    "IL": ["ישראל", "he-IL"],
    "TH": ["ไทย", "ประเทศไทย", "th-TH"],
    "NG": ["NG", "NGA", "Nigeria"],
    "XK": ["XK", "Kosovo", "\U0001f1fd\U0001f1f0", "sq-XK"],
}


@pytest.mark.parametrize(("code", "name"), [(code, name) for code, names in WRITTEN.items() for name in names])
def test_a_country_is_recognised(code: str, name: str) -> None:
    assert alpha_2(name) == region_of(name) == code


@pytest.mark.parametrize("country", list(pycountry.countries), ids=lambda country: country.alpha_2)
def test_every_iso_country_is_recognised_by_codes_name_and_flag(country: pycountry.db.Country) -> None:
    flag = "".join(chr(0x1F1E6 + ord(letter) - ord("A")) for letter in country.alpha_2)
    names = [country.alpha_2, country.alpha_3, country.name, country.name.lower(), country.name.upper(), flag]
    for name in (
        *names,
        f"{country.name} ({country.alpha_2})",
        f"{country.name} ({country.alpha_3})",
        f"{flag} {country.name}",
    ):
        assert alpha_2(name) == country.alpha_2, name


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_recognises_nearly_all_countries_and_no_other_one(language: str) -> None:
    names = {region: name for region, name in Locale.parse(language).territories.items() if region in REGIONS}
    read = {region: region_of(name) for region, name in names.items()}
    wrong = {names[region]: code for region, code in read.items() if code not in (region, None)}
    assert not wrong
    assert sum(code is None for code in read.values()) <= 4, "ambiguous ones and single letters are left out"


@pytest.mark.parametrize(("code", "nation"), [("GB", "gbeng"), ("GB", "gbsct"), ("GB", "gbwls")])
def test_the_flags_of_the_united_kingdoms_countries(code: str, nation: str) -> None:
    flag = "\U0001f3f4" + "".join(chr(0xE0000 + ord(letter)) for letter in nation) + "\U000e007f"
    assert alpha_2(flag) == alpha_2(f"{flag} United Kingdom") == code


@pytest.mark.parametrize(
    ("name", "region"), [("AC", "AC"), ("Ascension Island", "AC"), ("TA", "TA"), ("Tristan da Cunha", "TA")]
)
def test_a_region_that_only_phonenumbers_knows_is_no_country(name: str, region: str) -> None:
    assert region_of(name) == region
    assert alpha_2(name) is None


def test_nothing_but_iso_3166_and_the_regions_of_phonenumbers_comes_out() -> None:
    territories = {code for language in LANGUAGES for code in Locale.parse(language).territories}
    names = {name for language in LANGUAGES for name in Locale.parse(language).territories.values()}
    read = {region_of(str(text)) for text in territories | names} - {None}
    assert read == REGIONS
    assert {"AC", "TA", "XK"} <= phonenumbers.SUPPORTED_REGIONS


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            "  ",
            "-",
            "the",
            "A1",
            "AN",
            "Narnia",
            "Korea",
            "x" * 999,
            "GB" + " " * 99,
            "Netherlands Antilles",
            "Yugoslavia",
        ),
        *(
            "ZZ",
            "EU",
            "UN",
            "EZ",
            "QO",
            "XA",
            "001",
            "150",
            "419",
            "IC",
            "EA",
            "CP",
            "DG",
            "European Union",
            "World",
            "Europe",
        ),
        *("N/A", "n/a", "unknown", "other", "null", "none", "None", "undefined", "?", "+49", "(+1)", "1", "49"),
        *(
            "US-CA",
            "us-ca",
            "CA-ON",
            "DE-BY",
            "de-BY",
            "de-by",
            "DE-BE",
            "de-be",
            "IT-NA",
            "it_na",
            "ES-MD",
            "IN-GA",
            "BR-PA",
        ),
        *("en", "ja", "es-419", "en-001", "C.UTF-8", "POSIX", "xx-GB", "en-EU", "en-ZZ", "en-GB,en;q=0.9"),
        *(
            "\U0001f1ea\U0001f1fa",
            "\U0001f1fa\U0001f1f3",
            "\U0001f1ee\U0001f1e8",
            "\U0001f1e6",
            "\U0001f3f4",
            "\U0001f30d",
        ),
    ],
)
def test_what_is_no_country_is_not_guessed(name: str) -> None:
    assert region_of(name) is None


@pytest.mark.parametrize(
    "name",
    [
        *(
            "Georgia (US)",
            "Jersey (US)",
            "Guinea (GW)",
            "Ireland (UK)",
            "GB - Ireland",
            "United States/Canada",
            "US, Canada",
        ),
        *("\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7", "\U0001f1e9\U0001f1ea France", "France \U0001f1ea\U0001f1fa"),
        *("Samoa (New)", "Paris, France", "Lebanon, PA", "Springfield, IL", "London - UK", "Toronto/Canada", "CA, USA"),
    ],
)
def test_two_that_contradict_each_other_or_say_more_than_a_country_are_left_out(name: str) -> None:
    assert region_of(name) is None


@pytest.mark.parametrize("name", ["Kongo", "Guiana", "Áo", "Bỉ", "Nga", "nga"])
def test_a_name_that_means_two_countries_is_left_out(name: str) -> None:
    assert region_of(name) is None


def test_a_code_beside_a_name_that_is_not_known_counts() -> None:
    assert alpha_2("Narnia (US)") == "US"
    assert alpha_2("\U0001f1fa\U0001f1f8 Narnia") == "US"
    assert alpha_2("Narnia (United States)") is None


def test_the_key_of_a_key_is_itself() -> None:
    for name in Locale.parse("vi").territories.values():
        assert key_of(key_of(name)) == key_of(name)


@pytest.mark.parametrize("pattern", PATTERNS, ids=PATTERN_IDS)
def test_a_long_text_takes_linear_time(pattern: str) -> None:
    assert growth(region_of, lambda size: pattern * (size // len(pattern))) <= MOST_GROWTH
