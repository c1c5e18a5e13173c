"""Countries as people write them."""

from __future__ import annotations

import pycountry
import pytest

from consumer.enrolment.country import TABLE, alpha_2
from tests.enrolment.countries import table


def test_the_table_is_what_the_libraries_know() -> None:
    assert TABLE.read_bytes() == table(), "run `make countries`"


WRITTEN = {
    "US": ["US", "us", "USA", "usa", "U.S.", "U.S.A.", "United States", "united states of america", "the USA"],
    "GB": ["GB", "gbr", "UK", "uk", "U.K.", "United Kingdom", "Great Britain", "England", "Scotland", "Wales"],
    "DE": ["de", "DEU", "Germany", "GERMANY", "Deutschland", "Federal Republic of Germany"],
    "NL": ["NLD", "Netherlands", "The Netherlands", "Holland"],
    "KR": ["KOR", "South Korea", "Korea, Republic of", "Republic of Korea"],
    "KP": ["PRK", "North Korea"],
    "RU": ["RUS", "Russia", "Russian Federation"],
    "CZ": ["Czechia", "Czech Republic"],
    "CI": ["Ivory Coast", "Côte d'Ivoire", "Cote d\u2019Ivoire"],
    "AE": ["UAE", "U.A.E.", "United Arab Emirates"],
    "TR": ["Turkey", "Türkiye", "turkiye"],
    "VN": ["Vietnam", "Viet Nam"],
    "IR": ["Iran", "Iran, Islamic Republic of"],
    "TW": ["Taiwan"],
    "HK": ["Hong Kong", "hong_kong", "HONG-KONG"],
    "MK": ["North Macedonia"],
    "LC": ["Saint Lucia", "St. Lucia", "st lucia"],
    "ST": ["ST", "Sao Tome and Principe"],
    "TT": ["Trinidad & Tobago"],
    "CD": ["DR Congo", "Congo, The Democratic Republic of the"],
    "ES": ["España", "espana"],
    "CH": ["Schweiz", "Suisse", "Switzerland"],
}


@pytest.mark.parametrize(("code", "name"), [(code, name) for code, names in WRITTEN.items() for name in names])
def test_a_country_is_recognised(code: str, name: str) -> None:
    assert alpha_2(name) == code


@pytest.mark.parametrize("country", list(pycountry.countries), ids=lambda country: country.alpha_2)
def test_every_iso_country_is_recognised_by_codes_and_name(country: pycountry.db.Country) -> None:
    for name in (country.alpha_2, country.alpha_3, country.name, country.name.lower(), country.name.upper()):
        assert alpha_2(name) == country.alpha_2


@pytest.mark.parametrize(
    "name", ["", "  ", "-", "the", "ZZ", "XK", "A1", "EU", "AN", "Narnia", "Korea", "US-CA", "x" * 999]
)
def test_what_is_no_country_is_not_guessed(name: str) -> None:
    assert alpha_2(name) is None
