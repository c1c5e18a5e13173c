"""Properties of every record: no exception, a valid contact, and a mapped contact maps to itself."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from consumer.enrolment.consent import Consent
from consumer.enrolment.contact import Contact
from consumer.enrolment.custom_mapping import CustomMapping
from consumer.enrolment.decision import Enrolled, Filtered, Undeliverable
from consumer.enrolment.enroller import Enroller
from consumer.enrolment.note import POSSIBLE_NOTES
from consumer.enrolment.phone_signs import PhoneCheck
from consumer.enrolment.rules import Input, Rules
from consumer.enrolment.schema import load_schema

CONTACT_SCHEMA = load_schema("contact")

CUSTOM = CustomMapping.of(
    {
        "email": ("/properties/email", "/traits/custom_2", "/userId"),
        "phone_number": ("/traits/phone", "/traits/mobile/0"),
        "organization_name": ("/traits/address", "/properties"),
        "address_country": ("/traits/name", "/context/traits/country"),
        "custom_3": ("/traits/name/0", "/type", "/context/consent"),
    },
    ["opt out", "company"],
)
RULES = st.builds(
    Rules.of,
    default_region=st.sampled_from([None, "US", "DE", "IT", "JP", "AR", "BR", "RU", "XX"]),
    phone_check=st.sampled_from(PhoneCheck),
    event_path=st.sampled_from([None, "", "/payload", "/0"]),
    input=st.sampled_from(Input),
    custom=st.sampled_from([None, CUSTOM]),
    withheld=st.frozensets(st.sampled_from(Consent)),
)
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXT
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4))

EMAILS = st.emails() | st.sampled_from(
    ["Jane@Example.com", "İ@example.com", "ｊ＠ｅ．ｃｏｍ", "J <j@e.example>", "a1" * 32]
)
PHONES = st.from_regex(r"(\+|00|0|\(0\)|)( ?\(?[0-9]{1,4}\)?[ .-]?){1,6}(x[0-9]{2})?", fullmatch=True)
COUNTRIES = st.sampled_from(["us", "GBR", "Deutschland", "Italy", "Brasil", "Belarus", "AR", "Narnia", "AQ"])
NAMES = st.sampled_from(["Jane", "Jane Doe", " Ana María\tLópez ", "\u200bZoë\x00", "\x1cJ\u2028D", "a1" * 32]) | TEXT
VALUES = (
    EMAILS | PHONES | COUNTRIES | NAMES | st.integers(0, 10**15) | st.sampled_from(["yes", "no", 1, 0, True]) | JSON
)
HELD = st.sampled_from(["city", "state", "region", "postalCode", "zip", "country", "country_code"])
KEYS = HELD | st.sampled_from(
    [*Contact.__struct_fields__, "phone", "mobile", "name", "lastName", "company", "address", "optOut"]
)
TRAITS = st.fixed_dictionaries(
    {},
    optional={
        "email": EMAILS,
        "phone": PHONES | st.integers(0, 10**15),
        "country": COUNTRIES,
        "name": NAMES,
        "first_name": NAMES,
        "company": NAMES | st.fixed_dictionaries({"name": NAMES}),
        "address": st.dictionaries(HELD, COUNTRIES | NAMES) | JSON,
        "marketing_opt_in": SCALARS,
    },
) | st.dictionaries(KEYS, VALUES, max_size=8)
EVENTS = st.fixed_dictionaries(
    {"type": st.sampled_from(["identify", "track"]), "event": st.just("Signed Up")},
    optional={
        "traits": TRAITS | JSON,
        "context": st.fixed_dictionaries({}, optional={"traits": TRAITS, "consent": JSON}) | JSON,
        "options": st.fixed_dictionaries({"traits": TRAITS}) | JSON,
        "properties": TRAITS | st.fixed_dictionaries({"traits": TRAITS}) | JSON,
    },
)


def check(rules: Rules, value: bytes) -> None:
    decision = Enroller(rules).decide(value)
    assert isinstance(decision, (Enrolled, Filtered, Undeliverable))
    if isinstance(decision, Enrolled):
        assert CONTACT_SCHEMA.fault(orjson.loads(decision.payload)) is None
        assert set(decision.notes) <= set(POSSIBLE_NOTES)
        assert {origin.field for origin in decision.origins} >= set(decision.contact.fields()) - {"custom_1"}


@settings(deadline=None)  # the first country loads its tables
@given(rules=RULES, value=st.none() | st.binary())
def test_no_bytes_raise(rules: Rules, value: bytes) -> None:
    check(rules, value)


@settings(deadline=None)  # the first country loads its tables
@given(rules=RULES, document=JSON | st.dictionaries(st.sampled_from(["type", "event", "traits", "context"]), JSON))
def test_no_json_raises(rules: Rules, document: object) -> None:
    check(rules, orjson.dumps(document))


@settings(deadline=None)  # the first country loads its tables
@given(rules=RULES, event=EVENTS)
def test_every_contact_satisfies_the_schema(rules: Rules, event: dict[str, Any]) -> None:
    check(rules, orjson.dumps({"payload": event} if rules.event_path == "/payload" else event))


@settings(deadline=None)  # the first country loads its tables
@given(region=st.sampled_from([None, "US", "IT", "BY", "BR"]), event=EVENTS)
def test_mapping_a_mapped_contact_changes_nothing(region: str | None, event: dict[str, Any]) -> None:
    enroller = Enroller(Rules.of(default_region=region))
    decision = enroller.decide(orjson.dumps(event))
    if isinstance(decision, Enrolled):
        mapped = orjson.loads(decision.payload)
        again = enroller.decide(orjson.dumps({"type": "track", "event": "Signed Up", "traits": mapped}))
        assert isinstance(again, Enrolled)
        assert again.contact == decision.contact
        assert again.notes == ()


@settings(deadline=None)  # the first country loads its tables
@given(region=st.sampled_from([None, "US", "BY"]), event=EVENTS)
def test_a_mapped_contact_as_a_record_of_its_own_is_the_same_contact(region: str | None, event: dict[str, Any]) -> None:
    decision = Enroller(Rules.of(default_region=region)).decide(orjson.dumps(event))
    if isinstance(decision, Enrolled):
        again = Enroller(Rules.of(default_region=region, input=Input.CONTACT)).decide(decision.payload)
        assert isinstance(again, Enrolled)
        assert again.payload == decision.payload
        assert again.notes == ()
