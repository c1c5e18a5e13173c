"""The example numbers of all regions, as people spell them, against phonenumbers' own truth."""

from __future__ import annotations

import random

import phonenumbers
import pytest
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

from consumer.enrolment.note import NoteKind
from consumer.enrolment.numbering_plan import Number, plan_of_code, plan_of_region
from consumer.enrolment.phone import PhoneReading, read_phone
from consumer.enrolment.phone_signs import PhoneCheck

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
CANADIAN_310 = Number("1", "3101234")
IDD = {"US": "011", "CA": "011", "JP": "010", "AU": "0011", "HK": "001", "SG": "001"}


def examples(region: str) -> list[PhoneNumber]:
    """An example of each type of number, without those that can't be called from abroad (Canada's 310-1234)."""
    numbers = {
        phonenumbers.format_number(number, PhoneNumberFormat.E164): number
        for kind in PhoneNumberType.values()
        if (number := phonenumbers.example_number_for_type(region, kind))
    }
    return [number for number in numbers.values() if _number(number) != CANADIAN_310]


def _number(number: PhoneNumber) -> Number:
    return Number(str(number.country_code), phonenumbers.national_significant_number(number))


def spellings(number: PhoneNumber, region: str) -> list[str]:
    """The number in national and international form, with and without its prefixes and signs."""
    formats = PhoneNumberFormat
    e164, international, national = (
        phonenumbers.format_number(number, form) for form in (formats.E164, formats.INTERNATIONAL, formats.NATIONAL)
    )
    code, significant = _number(number).code, _number(number).national
    return [
        e164,
        international,
        national,
        phonenumbers.format_number(number, formats.RFC3966),
        significant,
        "".join(filter(str.isdigit, national)),
        e164[1:],
        international[1:],
        " " + e164[1:],
        "00" + e164[1:],
        "00 " + international[1:],
        f"{IDD.get(region, '00')} {international[1:]}",
        f"+{code} (0) {significant}",
        f"00{code} (0){significant}",
        international.replace(" ", "-"),
        international.replace(" ", "."),
        national.replace(" ", "-"),
        f"({e164[: len(code) + 1]}) {significant}",
        f"Mobile: {national}",
        f"{international} (Axel)",
        f"{national} ext. 5",
    ]


@pytest.mark.parametrize("region", REGIONS)
def test_every_spelling_of_an_example_is_read_right(region: str) -> None:
    for number in examples(region):
        expected = phonenumbers.format_number(number, PhoneNumberFormat.E164)
        for check in PhoneCheck:
            read = {text: read_phone(text, region, check).number for text in spellings(number, region)}
            assert set(read.values()) == {expected}, read


@pytest.mark.parametrize("region", REGIONS)
def test_no_masked_digit_makes_a_number(region: str) -> None:
    for number in examples(region)[:2]:
        for form in (PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.NATIONAL):
            text = phonenumbers.format_number(number, form)
            places = [index for index, sign in enumerate(text) if sign.isdigit()]
            hidden = [{place} for place in places] + [set(places[start:]) for start in range(len(places))]
            for some in hidden:
                for mask in "X#*":
                    masked = "".join(mask if index in some else sign for index, sign in enumerate(text))
                    assert read_phone(masked, region, PhoneCheck.POSSIBLE) == PhoneReading(None, NoteKind.MASKED)


@pytest.mark.parametrize("code", sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE))
def test_the_main_regions_plan_has_the_first_digits_of_all_regions_with_its_code(code: int) -> None:
    regions = set(phonenumbers.COUNTRY_CODE_TO_REGION_CODE[code]) - {"001"}
    digits = {digit for region in regions for digit in plan_of_region(region).first_digits}
    assert digits <= plan_of_code(str(code)).first_digits


@pytest.mark.parametrize(("region", "at_most"), [("DE", 0.02), ("SE", 0.01), ("MM", 0.01), ("BR", 0.001), ("US", 0.0)])
def test_few_national_numbers_without_their_trunk_prefix_are_taken_for_others(region: str, at_most: float) -> None:
    """Random valid numbers. Over all regions 1 of 10,000 is lost, most of them German (49xx, 1 %)."""
    chance = random.Random(1)
    lengths = sorted({len(_number(number).national) for number in examples(region)})
    lost = tried = 0
    while tried < 1000:
        digits = "".join(chance.choices("0123456789", k=chance.choice(lengths)))
        number = Number(plan_of_region(region).code, digits)
        if digits[0] != "0" and phonenumbers.is_valid_number_for_region(number.parsed, region):
            tried += 1
            reading = read_phone(digits, region, PhoneCheck.POSSIBLE)
            lost += reading.number != number.e164
            assert reading.number == number.e164 or reading.note is NoteKind.COUNTRY_CODE_ASSUMED
    assert lost <= at_most * tried
