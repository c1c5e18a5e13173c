"""Which texts are email addresses, and how they are sent."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumer.enrolment.email import _ATOM, _CARRIER, load_validator, read_email
from tests.support.growth import MOST_GROWTH, PATTERN_IDS, PATTERNS, growth


@pytest.mark.parametrize(
    ("text", "email"),
    [
        ("jane@example.com", "jane@example.com"),
        ("Jane.Doe@Example.COM", "jane.doe@example.com"),
        ("jane+news@mail.example.co.uk", "jane+news@mail.example.co.uk"),
        ("o'brien_1@example-shop.io", "o'brien_1@example-shop.io"),
        ("1@2.example", "1@2.example"),
        ("a" * 64 + "@example.com", "a" * 64 + "@example.com"),
        ("jane@xn--bcher-kva.example", "jane@xn--bcher-kva.example"),
        ("ｊａｎｅ＠ｅｘａｍｐｌｅ．ｃｏｍ", "jane@example.com"),
        ("Jane Doe <Jane@Example.com>", "jane@example.com"),
        ("<jane@example.com>", "jane@example.com"),
        ("mailto:jane@example.com", "jane@example.com"),
        ("MAILTO:Jane@example.com?subject=Hi%20there", "jane@example.com"),
        ("mailto:jane%2Bnews@example.com", "jane+news@example.com"),
        ("<mailto:jane@example.com>", "jane@example.com"),
        ("Jane@Example.com <jane@example.com>", "jane@example.com"),
        ("'jane@example.com' <jane@example.com>", "jane@example.com"),
        ("ज़‍या <jaya@example.com>", "jaya@example.com"),
        ("jane@example.com.", "jane@example.com"),
        (" \tjane@example.com\r\n", "jane@example.com"),
    ],
)
def test_an_address_is_lowercased(text: str, email: str) -> None:
    assert read_email(text) == email


@pytest.mark.parametrize(
    "text",
    [
        "",
        "jane",
        "jane@",
        "@example.com",
        "jane@example",
        "jane@@example.com",
        "jane@doe@example.com",
        "jane doe@example.com",
        "jane@exam ple.com",
        "jane@example..com",
        "jane@example.com..",
        "jane@.example.com",
        "jane@-example.com",
        "jane@example-.com",
        "jane@127.0.0.1",
        "jane@[127.0.0.1]",
        ".jane@example.com",
        "jane.@example.com",
        "jane..doe@example.com",
        '"jane"@example.com',
        "jane@example.com, john@example.com",
        "jane@example.com,john@example.com",
        "jane@example.com; john@example.com",
        "jane@example.com john@example.com",
        "jane@example.com/john@example.com",
        "jane@example.com|john@example.com",
        "jane@example.com\njohn@example.com",
        "Jane <jane@example.com>, John <john@example.com>",
        "jane@example.com <john@example.com>",
        "mailto:jane@example.com,john@example.com",
        "mailto:jane@example.com?cc=john@example.com",
        "mailto:jane@example.com?bcc=john%40example.com",
        "jané@example.com, josé@example.com",
        "jane@localhost",
        "<jane@example.com",
        "Jane Doe jane@example.com",
        "jane\u3000doe@example.com",
        "a" * 65 + "@example.com",
        "jane@" + "a" * 64 + ".com",
        "jane@" + "a.b" * 100 + ".com",
        "a1" * 32,
        "+14155550132",
        "<>",
        ">",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    assert read_email(text) is None


@pytest.mark.parametrize(
    ("text", "email"),
    [
        ("Jane@BÜCHER.example", "jane@xn--bcher-kva.example"),
        ("jane@bu\u0308cher.example", "jane@xn--bcher-kva.example"),
        ("jane@bücher.example.", "jane@xn--bcher-kva.example"),
        ("jane@faß.de", "jane@xn--fa-hia.de"),
        ("jane@例子。公司", "jane@xn--fsqu00a.xn--55qx5d"),
        ("用户@例子.广告", "用户@xn--fsqu00a.xn--4rr70v"),
        ("JOSÉ@example.com", "josé@example.com"),
        ("jose\u0301@example.com", "josé@example.com"),
        ("ΟΔΟΣ@example.com", "οδος@example.com"),
        ("<josé@example.com>", "josé@example.com"),
        ("mailto:jos%C3%A9@example.com", "josé@example.com"),
    ],
)
def test_any_other_address_is_normalised_and_its_domain_sent_as_a_labels(text: str, email: str) -> None:
    assert read_email(text) == email
    assert read_email(email) == email, "one form"


INVISIBLE = {
    "soft hyphen": "\u00ad",
    "combining grapheme joiner": "\u034f",
    "arabic letter mark": "\u061c",
    "hangul choseong filler": "\u115f",
    "hangul jungseong filler": "\u1160",
    "khmer vowel": "\u17b4",
    "mongolian vowel separator": "\u180e",
    "zero width space": "\u200b",
    "zero width non-joiner": "\u200c",
    "zero width joiner": "\u200d",
    "right-to-left mark": "\u200f",
    "right-to-left override": "\u202e",
    "word joiner": "\u2060",
    "invisible plus": "\u2064",
    "isolate": "\u2068",
    "hangul filler": "\u3164",
    "halfwidth hangul filler": "\uffa0",
    "variation selector": "\ufe0f",
    "variation selector supplement": "\U000e0100",
    "byte order mark": "\ufeff",
    "musical symbol begin beam": "\U0001d173",
    "tag": "\U000e0041",
    "shorthand format": "\U0001bca0",
    "null": "\x00",
    "next line": "\x85",
    "line separator": "\u2028",
    "ideographic space": "\u3000",
    "no-break space": "\u00a0",
}


@pytest.mark.parametrize("character", INVISIBLE.values(), ids=INVISIBLE)
@pytest.mark.parametrize("address", ["jane@example.com", "josé@example.com"])
def test_what_nobody_sees_is_trimmed_and_makes_an_address_unusable_inside(character: str, address: str) -> None:
    assert read_email(character + address) == address
    assert read_email(address + character * 2) == address
    assert read_email(f"Jane <{character}{address}{character}>") == address
    for position in range(1, len(address)):
        assert read_email(address[:position] + character + address[position:]) is None


UNSAFE = {
    "replacement character": "\ufffd",
    "lone surrogate": "\ud83d",
    "private use": "\ue000",
    "unassigned": "\u0378",
    "interlinear annotation": "\ufff9",
}


@pytest.mark.parametrize("character", UNSAFE.values(), ids=UNSAFE)
def test_an_unsafe_character_makes_an_address_unusable_wherever_it_is(character: str) -> None:
    for position in range(len("jane@example.com") + 1):
        assert read_email("jane@example.com"[:position] + character + "jane@example.com"[position:]) is None


@pytest.mark.parametrize(
    "text",
    [
        "jane@ex\u2010ample.com",
        "jane@exa\u2215mple.com",
        "jane@\u2764.example",
        "jané@127.0.0.1",
        "jané@[127.0.0.1]",
        "jané@localhost",
        "jané@example",
        "jané..doe@example.com",
        "jané.@example.com",
        '"jané"@example.com',
        "jane\ufe6bexample.com",
        "é" * 65 + "@example.com",
        "jane@" + "ü" * 64 + ".com",
        "é" * 60 + "@" + "ü.é" * 60 + ".com",
    ],
)
def test_what_email_validator_finds_unsafe_or_too_long_is_refused(text: str) -> None:
    assert read_email(text) is None


@pytest.mark.parametrize("text", ["İ@example.com", "jane.İ@example.com", "Ⱥ" * 60 + "@" + "a1." * 42 + "example"])
def test_an_address_that_grows_in_lower_case_is_refused(text: str) -> None:
    assert read_email(text) is None


@pytest.mark.parametrize(
    "email",
    [
        *("try..this@docomo.ne.jp", "try.this.@docomo.ne.jp", "a...b..@docomo.ne.jp", "try..this@ezweb.ne.jp"),
        *("try..this@c.ezweb.ne.jp", "try..this@au.com", "try..this@softbank.ne.jp", "try..this@d.vodafone.ne.jp"),
        *("try..this@jp-t.ne.jp", "try..this@i.softbank.jp", "try..this@pdx.ne.jp", "try..this@dk.pdx.ne.jp"),
        *("try..this@ymobile.ne.jp", "try..this@disney.ne.jp", "try..this@sky.tu-ka.ne.jp"),
    ],
)
def test_japanese_carriers_gave_out_dots_in_a_row_and_at_the_end(email: str) -> None:
    assert read_email(email.title()) == email
    assert read_email(f"<{email}>") == email


@pytest.mark.parametrize(
    "text",
    [
        *(
            ".try@docomo.ne.jp",
            "try..this@docomoXne.jp",
            "try..this@notdocomo.ne.jp",
            "try..this@docomo.ne.jp.example.com",
        ),
        *("a" + "." * 64 + "@docomo.ne.jp", "try..this@ezwebXneXjp", "..@docomo.ne.jp"),
    ],
)
def test_dots_are_significant_in_other_domains(text: str) -> None:
    assert read_email(text) is None


@pytest.mark.parametrize("wrapped", ["{}", "Jane <{}>", "mailto:{}"])
def test_what_is_longer_than_320_characters_is_not_looked_at(wrapped: str) -> None:
    room = 320 - len(wrapped.format(""))
    assert read_email(wrapped.format("jane@example.com".rjust(room))) == "jane@example.com"
    assert read_email(wrapped.format("jane@example.com".rjust(room + 1))) is None


@settings(deadline=None)  # the first address that is not ASCII loads its tables
@given(st.text(st.characters(), max_size=40) | st.text("a.@<>\"'\u0301\u00ad\uff20\u3002ü%: ", max_size=40))
def test_any_text_gives_an_address_in_one_form_or_none(text: str) -> None:
    for written in (text, f"{text}@example.com", f"jane@{text}.com"):
        email = read_email(written)
        if email is not None:
            assert read_email(email) == email
            assert email.count("@") == 1
            assert email.partition("@")[2].isascii()


@pytest.mark.parametrize("pattern", PATTERNS, ids=PATTERN_IDS)
@pytest.mark.parametrize("around", ["{}", "Jane <{}@example.com>", "jane@{}.com", "mailto:{}"])
def test_a_long_text_takes_linear_time(around: str, pattern: str) -> None:
    assert growth(read_email, lambda size: around.format(pattern * (size // len(pattern)))) <= MOST_GROWTH


def test_the_validator_can_be_loaded_before_the_first_address_needs_it() -> None:
    loaded = "'email_validator' in sys.modules"
    code = f"import sys; from {load_validator.__module__} import *; print({loaded}); load_validator(); print({loaded})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


@pytest.mark.parametrize("text", ["j***@example.com", "ja**@example.com", "ipek@\u0130stanbul.com"])
def test_a_masked_address_and_one_that_changes_in_lower_case_are_unusable(text: str) -> None:
    assert read_email(text) is None
    assert read_email("a*b@example.com") == "a*b@example.com"


BOUNDED_LABEL = r"[0-9a-z](?:[0-9a-z-]{0,61}[0-9a-z])?"
BOUNDED = re.compile(
    rf"(?=[^@]{{1,64}}@)(?:{_ATOM}+(?:\.{_ATOM}+)*@(?:{BOUNDED_LABEL}\.)+(?![0-9]+$){BOUNDED_LABEL}"
    rf"|{_ATOM}(?:{_ATOM}|\.)*@(?:{_CARRIER}))"
)
LABELS = st.text("ab1-", max_size=6) | st.text("a", min_size=60, max_size=66)
CARRIERS = st.sampled_from(["docomo.ne.jp", "a.ezweb.ne.jp", "a" * 70 + ".pdx.ne.jp", "jp-q.ne.jp"])


@settings(max_examples=1000)
@given(
    st.text("ab1.-_*", max_size=8) | st.text("a.", min_size=60, max_size=66),
    st.lists(LABELS, max_size=5).map(".".join).filter(lambda domain: not domain.endswith(".")) | CARRIERS,
)
def test_plain_addresses_are_those_whose_parts_are_within_their_bounds(local: str, domain: str) -> None:
    address = f"{local}@{domain}"
    plain = len(address) <= 254 and "**" not in address and BOUNDED.fullmatch(address)
    assert (read_email(address) is not None) == bool(plain)


@pytest.mark.parametrize(
    "domain", ["example.com", "a-b.example", "1.example", "1.2", "x.1", "-a.example", "a-.example"]
)
@pytest.mark.parametrize("local", ["a" * 64, "a" * 65, "a", "a.b", "a..b", ".a", "a."])
def test_a_short_address_is_read_as_a_long_one(local: str, domain: str) -> None:
    assert (read_email(f"{local}@{domain}") is None) == (read_email(f"{local}@{'x' * 63}.{domain}") is None)
