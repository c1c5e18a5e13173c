"""Phone numbers as visitors write them, and as E.164."""

from __future__ import annotations

import phonenumbers
import pytest

from consumer.enrolment.note import NoteKind
from consumer.enrolment.phone import PhoneReading, is_international, read_phone
from consumer.enrolment.phone_signs import PhoneCheck

POSSIBLE, VALID = PhoneCheck.POSSIBLE, PhoneCheck.VALID


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+1 (415) 555-0132", "+14155550132"),
        ("+14155550132", "+14155550132"),
        ("+1.415.555.0132", "+14155550132"),
        ("++1 415 555 0132", "+14155550132"),
        ("0014155550132", "+14155550132"),
        ("00 1 (415) 555-0132", "+14155550132"),
        ("+0044 20 7946 0958", "+442079460958"),
        ("+44 (0)20 7946 0958", "+442079460958"),
        ("0044 ( 0 ) 20 7946 0958", "+442079460958"),
        ("+44 020 7946 0958", "+442079460958"),
        ("+33 06 12 34 56 78", "+33612345678"),
        ("+352 (0) 26 12 34 56", "+35226123456"),
        ("+45 (0) 32 12 34 56", "+4532123456"),
        ("+39 06 1234567", "+39061234567"),
        ("+39 (0)6 1234567", "+39061234567"),
        ("+61 412 345 678", "+61412345678"),
        ("+8613800138000", "+8613800138000"),
        ("+54 9 11 2345 6789", "+5491123456789"),
        ("+800 1234 5678", "+80012345678"),
        ("＋８１ ９０ １２３４ ５６７８", "+819012345678"),
        ("+٩٧١٥٠١٢٣٤٥٦٧", "+971501234567"),
        ("tel:+1-415-555-0132", "+14155550132"),
        ("Mobile: +44 7911 123456", "+447911123456"),
        ("\u202a+1 415 555 0132\u202c", "+14155550132"),
    ],
)
@pytest.mark.parametrize("region", [None, "US", "JP", "AQ"])
def test_international_form_needs_no_region(text: str, region: str | None, number: str) -> None:
    assert read_phone(text, region, POSSIBLE).number == number
    assert is_international(text)


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("(415) 555-0132", "US", "+14155550132"),
        ("14155550132", "US", "+14155550132"),
        ("1-415-555-0132", "CA", "+14155550132"),
        ("1-800-FLOWERS", "US", "+18003569377"),
        ("011 44 20 7946 0958", "US", "+442079460958"),
        ("07911 123456", "GB", "+447911123456"),
        ("447911123456", "GB", "+447911123456"),
        ("(020) 7946 0958", "GB", "+442079460958"),
        ("0151 23456789", "DE", "+4915123456789"),
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("06 1234567", "IT", "+39061234567"),
        ("347 123 4567", "IT", "+393471234567"),
        ("0412 345 678", "AU", "+61412345678"),
        ("021 123 4567", "NZ", "+64211234567"),
        ("8 912 345-67-89", "RU", "+79123456789"),
        ("090-1234-5678", "JP", "+819012345678"),
        ("098765 43210", "IN", "+919876543210"),
        ("(11) 91234-5678", "BR", "+5511912345678"),
        ("011 15-2345-6789", "AR", "+5491123456789"),
        ("55 1234 5678", "MX", "+525512345678"),
        ("082 123 4567", "ZA", "+27821234567"),
        ("050 123 4567", "AE", "+971501234567"),
        ("٠٥٠١٢٣٤٥٦٧", "AE", "+971501234567"),
        ("6123 4567", "SG", "+6561234567"),
        ("06 30 123 4567", "HU", "+36301234567"),
        ("138 0013 8000", "CN", "+8613800138000"),
        ("040 1234567", "FI", "+358401234567"),
        ("612 345 678", "ES", "+34612345678"),
    ],
)
def test_national_form_is_read_in_its_region(text: str, region: str, number: str) -> None:
    assert read_phone(text, region, POSSIBLE).number == number
    assert read_phone(text, None, POSSIBLE).number is None
    assert not is_international(text)


@pytest.mark.parametrize("text", ["+1 415 555 0132 x99", "+1 415 555 0132 ext. 99", "tel:+1-415-555-0132;ext=99"])
def test_an_extension_is_dropped(text: str) -> None:
    assert read_phone(text, None, POSSIBLE).number == "+14155550132"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+",
        "0",
        "00",
        "n/a",
        "unknown",
        "jane1234567@example.com",
        "555-0132",  # no area code: can't be called from abroad
        "911",
        "+1 415 555",
        "+1 415 555 0132 0132",
        "+999 123456789",
        "+0 415 555 0132",
        "(415) 555-0132 / (415) 555-0133",
        "1" * 64,
        "a1" * 32,
        "+1" + " " * 300 + "4155550132",
    ],
)
@pytest.mark.parametrize("region", [None, "US"])
def test_what_is_no_number_is_refused(text: str, region: str | None) -> None:
    assert read_phone(text, region, POSSIBLE).number is None


def test_a_region_without_numbers_of_its_own_leaves_the_international_form() -> None:
    assert read_phone("415 555 0132", "AQ", POSSIBLE).number is None
    assert read_phone("415 555 0132", "nowhere", POSSIBLE).number is None


def test_the_valid_check_asks_for_a_range_in_use() -> None:
    assert read_phone("+1 222 555 0132", None, POSSIBLE).number == "+12225550132"
    assert read_phone("+1 222 555 0132", None, VALID).number is None
    assert read_phone("+1 415 555 0132", None, VALID).number == "+14155550132"


def test_a_double_zero_that_makes_no_sense_abroad_is_read_in_the_region() -> None:
    assert read_phone("0044 20 7946 0958", "JP", POSSIBLE).number == "+442079460958"
    assert read_phone("0011 44 20 7946 0958", "AU", POSSIBLE).number == "+442079460958"


def test_the_first_of_several_possible_readings_counts() -> None:
    assert read_phone("001 222 555 0132", "JP", POSSIBLE).number == "+12225550132"
    assert read_phone("001 222 555 0132", "JP", VALID).number is None


def test_a_trunk_prefix_that_stands_there_twice_is_taken_off_twice() -> None:
    assert read_phone("+49 0 0151 23456789", None, POSSIBLE).number == "+4915123456789"
    assert read_phone("+44 0000000 20 7946 0", None, POSSIBLE).number is None


def test_a_number_longer_than_e_164_allows_is_refused() -> None:
    assert phonenumbers.is_possible_number(phonenumbers.parse("+81 1234567890123456"))
    assert read_phone("+81 1234567890123456", None, POSSIBLE).number is None


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("+44 7XXX XXXXXX", None),
        ("+49 151 2345xxxx", None),
        ("+49 30 12X45", None),
        ("02 1234 x678", "IT"),
        ("4414123x56", "BM"),
        ("+49 151 ＸＸＸＸ", None),
        ("+49 151 2345 ****", None),
        ("+1 415 555 013*", None),
        ("+49 151 ＊＊＊＊56", None),
        ("+49 30 12345#", None),
        ("+49 30 1234 56#", None),
        ("415-555-####", "US"),
        ("+1 (415) ___-____", "US"),
        ("+49 30 1234_56", None),
        ("+49 30 1234??", None),
        ("+49 151 2345••••", None),
        ("+49 151 2345…", None),
        ("+49 151 2345...", None),
        ("+49 151 2345----", None),
        ("+49 151 2345 - - -", None),
        ("***-***-0132", "US"),
        ("Mobile: ***-***-0132", "US"),
        ("1-800-XXX-XXXX", "US"),
        ("XXXXXXXXXX", "US"),
        ("+1 415 555 0132 x", None),
        ("+7 912 ХХХ-ХХ-89", None),
    ],
)
def test_signs_in_place_of_digits_are_never_digits(text: str, region: str | None) -> None:
    assert read_phone(text, region, POSSIBLE) == PhoneReading(None, NoteKind.MASKED)


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("1-800-FLOWERS", "US", "+18003569377"),
        ("+1-800-flowers", None, "+18003569377"),
        ("1-800-4-A-CHILD", "US", "+18004224453"),
        ("(888) 555-HOME", "US", "+18885554663"),
        ("Call 1 800 GO FEDEX", "US", "+18004633339"),
        ("0800 FLOWERS", "GB", "+448003569377"),
        ("8005550132 FLOWERS", "US", "+18005550132"),
    ],
)
def test_letters_are_digits_in_toll_free_numbers(text: str, region: str | None, number: str) -> None:
    assert read_phone(text, region, POSSIBLE).number == number


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("Phone 2: +44 7911 123456", None, "+447911123456"),
        ("home_phone: +44 7911 123456", None, "+447911123456"),
        ("Phone (home): (415) 555-0132", "US", "+14155550132"),
        ("Phone # 415-555-0132", "US", "+14155550132"),
        ("PH: 415 555 0132", "US", "+14155550132"),
        ("GB 07911 123456", "GB", "+447911123456"),
        ("🇩🇪 0151 23456789", "DE", "+4915123456789"),
        ("Handy 0151 23456789", "DE", "+4915123456789"),
        ("Tel.(030)123456", "DE", "+4930123456"),
        ("電話：03-1234-5678", "JP", "+81312345678"),
        ("Téléphone : 06 12 34 56 78", "FR", "+33612345678"),
        ("+49 30 123456 (Axel)", None, "+4930123456"),
        ("070 123 45 67 (Axel)", "SE", "+46701234567"),
        ("+1 415 555 0132 (after 6pm)", None, "+14155550132"),
        ("+1 415 555 0132 - home", None, "+14155550132"),
        ("+1 415 555 0132 📱", None, "+14155550132"),
        ("+49 30 123456 Durchwahl 12", None, "+4930123456"),
        ("+33 1 23 45 67 89 poste 12", None, "+33123456789"),
        ("+7 495 123-45-67 доб. 12", None, "+74951234567"),
        ("+14155550132x55", None, "+14155550132"),
        ("+1 415 555 0132 #55", None, "+14155550132"),
        ("+1 415 555 0132,55", None, "+14155550132"),
        ("tel:03-331-6005;phone-context=+64", None, "+6433316005"),
        ("tel:415-555-0132;phone-context=example.com", "US", "+14155550132"),
        ("'+14155550132", None, "+14155550132"),
        ("14155550132.0", "US", "+14155550132"),
        ("1️⃣4155550132", "US", "+14155550132"),
        ("00+44 7911 123456", None, "+447911123456"),
        ("030/123456", "DE", "+4930123456"),
        ("0171 / 123 45 67", "DE", "+491711234567"),
        ("12.34.56.78", "NO", None),
        ("22.34.56.78", "NO", "+4722345678"),
    ],
)
def test_a_label_a_remark_and_an_extension_are_left_out(text: str, region: str | None, number: str | None) -> None:
    assert read_phone(text, region, POSSIBLE).number == number


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("US (415) 555-0132", "GB"),
        ("🇩🇪 0151 23456789", "AT"),
        ("VNTRIP2016A0NLH", "VN"),
        ("6059a7951", "MD"),
        ("+4072d3800439", None),
        ("061234dgfs", "FR"),
        ("+1 415 555 O132", None),
        ("+1-415-555-CALL", None),
        ("1800 nnnn", "AD"),
        ("Order 123456", "DE"),
        ("$4155550132", "US"),
        ("4155550132@vtext.com", "US"),
        ("4.47911E+11", "GB"),
        ("+49 30 123456²", None),
        ("+49 30 123456 (2)", None),
        ("ﷺ" * 200, "US"),
        ("-4155550132", "US"),
        ("2024-01-31", "DE"),
        ("31.01.2024", "DE"),
        ("2024-01-31T12:00:00Z", "DE"),
        ("192.168.0.1", "DE"),
        ("4111 1111 1111 1111", "DE"),
        ("+ call me", "US"),
        ("+14155550132 / +14155550133", None),
        ("+14155550132, +14155550133", None),
        ("+14155550132 or +14155550133", None),
        ("+14155550132;+14155550133", None),
        ("4155550132 or 4155550133", "US"),
        ("030 123456 / 030 123457", "DE"),
        ("030 123456/57", "DE"),
        ("0/3/0/1/2/3/4/5/6", "DE"),
        ("6123 4567, 6123 4568", "SG"),
        ("+49 30 12345,67", None),
    ],
)
def test_what_may_be_something_else_is_left_out(text: str, region: str | None) -> None:
    assert read_phone(text, region, POSSIBLE) == PhoneReading(None)


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("4915123456789", "DE", "+4915123456789"),
        ("49 151 23456789", "DE", "+4915123456789"),
        ("38344123456", "XK", "+38344123456"),
        ("5540041234", "BR", "+5540041234"),
    ],
)
def test_the_regions_own_calling_code_is_none_of_the_number(text: str, region: str, number: str) -> None:
    for check in (POSSIBLE, VALID):
        assert read_phone(text, region, check) == PhoneReading(number, NoteKind.COUNTRY_CODE_ASSUMED)


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("0494915123456", "DE", "+49494915123456"),
        ("494015123456", "DE", "+494015123456"),
        ("14155550132", "US", "+14155550132"),
        ("3912345678", "IT", "+393912345678"),
    ],
)
def test_an_own_calling_code_without_doubt_is_not_noted(text: str, region: str, number: str) -> None:
    assert read_phone(text, region, POSSIBLE) == PhoneReading(number)


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("0740521234", "US"),
        ("+1 415 055 0132", None),
        ("+1 911 555 0132", None),
        ("0000000000", "US"),
        ("0000000000", "DE"),
        ("00000000000", "GB"),
        ("5555555555", "US"),
        ("9999999999", "IN"),
        ("(415) 555-0132", "GB"),
    ],
)
def test_a_number_that_no_plan_has_is_refused(text: str, region: str | None) -> None:
    assert read_phone(text, region, POSSIBLE) == PhoneReading(None)


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        (" 14155550132", None, "+14155550132"),
        (" 14155550132", "GB", "+14155550132"),
        (" 1 415-555-0132", None, "+14155550132"),
        ("%2B1%20415%20555%200132", None, "+14155550132"),
        ("&#43;14155550132", None, "+14155550132"),
        ("➕14155550132", None, "+14155550132"),
        ("﹢14155550132", None, "+14155550132"),
    ],
)
def test_a_plus_sign_that_was_encoded_is_one(text: str, region: str | None, number: str) -> None:
    assert read_phone(text, region, POSSIBLE).number == number
    assert is_international(text)


def test_a_space_before_a_national_number_is_none() -> None:
    assert read_phone(" 4155550132", "US", POSSIBLE).number == "+14155550132"
    assert not is_international(" 4155550132")


def test_a_space_before_a_number_of_two_countries_is_doubt() -> None:
    assert read_phone(" 3212345678", None, POSSIBLE).number == "+3212345678"
    assert read_phone(" 3212345678", "US", POSSIBLE).number is None


@pytest.mark.parametrize("sign", ["1", " ", "(", "x", "+", "٣", "ﷺ", "\u0301", "-", "Tel: ", "\ud800", "*"])
def test_a_text_of_any_length_is_cut_before_it_is_read(sign: str) -> None:
    assert read_phone(sign * 1_000_000, "US", POSSIBLE) == PhoneReading(None)
    assert not is_international(sign * 1_000_000)


@pytest.mark.parametrize("text", ["+44 (0)20 7946 0958", "0044 20 7946 0958", "0044 (0)20 7946 0958"])
def test_zeros_beside_the_calling_code_take_the_short_way(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(phonenumbers, "parse")
    assert read_phone(text, "GB", POSSIBLE).number == "+442079460958"


EXAMPLES = [
    (region, example)
    for region in sorted(phonenumbers.SUPPORTED_REGIONS)
    if (example := phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)) is not None
]


@pytest.mark.parametrize(("region", "example"), EXAMPLES, ids=[region for region, _ in EXAMPLES])
def test_a_mobile_number_of_every_region_is_read_in_every_form(region: str, example: phonenumbers.PhoneNumber) -> None:
    formats = phonenumbers.PhoneNumberFormat
    expected = phonenumbers.format_number(example, formats.E164)
    for form in (formats.E164, formats.INTERNATIONAL, formats.NATIONAL, formats.RFC3966):
        written = phonenumbers.format_number(example, form)
        assert read_phone(written, region, VALID).number == expected, form
    assert read_phone("00" + expected[1:], region, VALID).number == expected
    assert read_phone("00" + expected[1:], None, POSSIBLE).number == expected
    assert read_phone(expected, None, POSSIBLE).number == expected


def test_where_no_reading_is_valid_the_likeliest_that_can_be_counts() -> None:
    assert read_phone("00 49 (0) 110704", "DE", PhoneCheck.POSSIBLE).number == "+49110704"


@pytest.mark.parametrize("text", ["49 (0) 151 23456789", "49(0)15123456789"])
def test_a_trunk_prefix_in_brackets_behind_the_own_calling_code_shows_that_it_is_one(text: str) -> None:
    assert read_phone(text, "DE", POSSIBLE).number == "+4915123456789"


def test_a_trunk_prefix_in_brackets_behind_a_code_without_a_number_is_none() -> None:
    assert read_phone("49 (0) 12", "DE", VALID).number is None


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("Tel. 2 030 123456", "DE"),
        ("Floor 2 - 01512 3456789", "DE"),
        ("Mon-Fri 9-17 030 123456", "DE"),
        ("0664 123456 9-17 Uhr", "AT"),
    ],
)
def test_digits_of_a_label_or_of_hours_never_join_the_number(text: str, region: str) -> None:
    assert read_phone(text, region, POSSIBLE).number is None


def test_a_label_before_an_own_calling_code_joins_nothing() -> None:
    assert read_phone("Tel 1 415 555 0132", "US", POSSIBLE).number == "+14155550132"


@pytest.mark.parametrize("text", ["+49 30 1234 [redacted]", "+49301234(hidden)", "+49 30 123456 masked"])
def test_a_number_beside_a_word_of_redaction_is_masked(text: str) -> None:
    assert read_phone(text, "DE", POSSIBLE) == PhoneReading(None, NoteKind.MASKED)


@pytest.mark.parametrize("text", ["+971971501234567", "0043 43 664123456", "+971 971 50 123 4567"])
def test_a_calling_code_written_twice_makes_no_number(text: str) -> None:
    assert read_phone(text, "GB", POSSIBLE).number is None
