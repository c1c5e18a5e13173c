"""Restore the leading zeros of postal codes that arrived as numbers."""

from __future__ import annotations

# Countries whose codes are digits of one length, by that length: postalCodeData of Unicode CLDR (release 26, the last
# one that has it), without those of several lengths, with the five digits of KR and SA and the seven of IL today.
_LENGTHS = {
    3: "FO IS",
    4: "AF AL AM AT AU BD BE BG CH CV CX CY DK ET GE GL HU LI LR LU MK MZ NE NO NZ PH PY SI SJ TN VE ZA",
    5: "AS AX BA BT CU CZ DE DO DZ EE EG ES FI FM FR GF GP GR GT GU HN HR IC IQ IT JO KE KH KR KW LA LK LT MA ME MH MM"
    " MN MP MQ MX MY NC NP PF PK PL PM PR PW RE RS SA SE SK SM SN TF TH TR UA US UY VA VI WF YT ZM",
    6: "BY CN CO IN KG KZ NG RO RU SG TJ TM UZ",
    7: "CL IL JP",
    8: "BR",
}
_LENGTH_OF = {country: length for length, countries in _LENGTHS.items() for country in countries.split()}
_MOST_ZEROS = 2  # 00501 is New York's, 00-001 Warsaw's, 001-0000 Sapporo's; a shorter number is no code


def with_leading_zeros(number: str, country: str | None) -> str:
    """Return a whole number as a postal code of the country; unchanged where the country's form is unknown."""
    length = _LENGTH_OF.get(country or "", 0)
    return number.zfill(length) if length - len(number) <= _MOST_ZEROS and number.isdigit() else number
