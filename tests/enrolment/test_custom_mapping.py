"""The operator's own mapping: pointers for fields of the contact, and traits that hold the consent."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import orjson
import pytest

from consumer.enrolment.custom_mapping import CustomMapping
from consumer.enrolment.decision import Decision, Enrolled, Filtered, Undeliverable
from consumer.enrolment.disposition import DeadLetterReason, FilterReason
from consumer.enrolment.enroller import Enroller
from consumer.enrolment.rules import Input, Rules
from consumer.enrolment.traits import MOST_KEYS

Decide = Callable[..., Decision]

EMAIL = "jane@example.com"


def mapping(*consent_traits: str, **fields: str | Sequence[str]) -> CustomMapping | None:
    pointers = {field: (given,) if isinstance(given, str) else given for field, given in fields.items()}
    return CustomMapping.of(pointers, consent_traits)


def identify(traits: dict[str, Any] | None = None, **others: Any) -> dict[str, Any]:
    return {"type": "identify", "traits": {"email": EMAIL, **(traits or {})}, **others}


def enrolled(decision: Decision) -> Enrolled:
    assert isinstance(decision, Enrolled)
    return decision


def fields_of(decision: Decision) -> dict[str, str]:
    return enrolled(decision).contact.fields()


def test_without_names_there_is_no_mapping() -> None:
    assert mapping() is None


def test_two_traits_of_ones_own_are_mapped_and_say_where_they_come_from(decide: Decide) -> None:
    custom = mapping(custom_2="/traits/loyalty_tier", custom_3=["/traits/store", "/context/campaign/source"])
    event = identify({"loyalty_tier": "gold"}, context={"campaign": {"source": "spring"}})
    decision = enrolled(decide(event, custom=custom))
    assert decision.contact.fields() == {
        "email": EMAIL,
        "custom_1": "marketing_unknown",
        "custom_2": "gold",
        "custom_3": "spring",
    }
    assert {origin.field: origin.pointer for origin in decision.origins} == {
        "email": "/traits/email",
        "custom_2": "/traits/loyalty_tier",
        "custom_3": "/context/campaign/source",
    }


@pytest.mark.parametrize(
    ("traits", "expected"),
    [
        ({"whatsapp": "+14155550132", "phone": "+442079460958"}, "+14155550132"),
        ({"phone": "+442079460958"}, "+442079460958"),
        ({"whatsapp": "no number", "phone": "+442079460958"}, "+442079460958"),
        ({"whatsapp": "N/A", "mobile": "+442079460958"}, "+442079460958"),
        ({"whatsapp": {"number": "+14155550132"}, "phone": "+442079460958"}, "+442079460958"),
        ({"whatsapp": ["x", "+14155550132"]}, "+14155550132"),
        ({"whatsapp": [], "phone": "+442079460958"}, "+442079460958"),
        ({"whatsapp": 14155550132, "country": "US"}, "+14155550132"),
        ({"whatsapp": "4155550132", "country": "US"}, "+14155550132"),
    ],
    ids=str,
)
def test_the_first_usable_phone_counts_the_named_before_the_built_in(
    traits: dict[str, Any], expected: str, decide: Decide
) -> None:
    custom = mapping(phone_number=["/traits/whatsapp", "/traits/phone"])
    assert fields_of(decide(identify(traits), custom=custom))["phone_number"] == expected


def test_named_pointers_count_in_their_order(decide: Decide) -> None:
    event = identify({"a": "first", "b": "second", "custom_2": "built in"})
    assert fields_of(decide(event, custom=mapping(custom_2=["/traits/a", "/traits/b"])))["custom_2"] == "first"
    assert fields_of(decide(event, custom=mapping(custom_2=["/traits/b", "/traits/a"])))["custom_2"] == "second"
    assert fields_of(decide(event, custom=mapping(custom_2="/traits/c")))["custom_2"] == "built in"


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("email", " Jane.Doe@EXAMPLE.com", "jane.doe@example.com"),
        ("fax_number", "+44 20 7946 0958", "+442079460958"),
        ("first_name", "  Jane\t", "Jane"),
        ("organization_name", {"name": "Acme", "id": 7}, "Acme"),
        ("address_country", "Germany", "DE"),
        ("address_country", {"code": "de"}, "DE"),
        ("address_postal_code", 4103, "4103"),
        ("custom_2", True, "true"),
        ("custom_3", 12, "12"),
        ("custom_3", 12.0, "12"),
        ("custom_4", "x" * 5_000, "x" * 2_000),
    ],
    ids=str,
)
def test_a_value_passes_the_same_normaliser_as_the_fields_own(
    field: str, value: object, expected: str, decide: Decide
) -> None:
    decision = decide(
        {"type": "identify", "x": value, "traits": {"phone": "+14155550132"}}, custom=mapping(**{field: "/x"})
    )
    assert fields_of(decision)[field] == expected


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "  ",
        "n/a",
        [],
        {},
        ["gold"],
        {"tier": "gold"},
        "a1" * 32,
        float("nan"),
        149.95,
        2**70,
        2.0**70,
        "\ud800",
    ],
    ids=repr,
)
def test_what_is_no_text_leaves_the_field_out(value: object) -> None:
    text = json.dumps(value)
    record = f'{{"type":"identify","traits":{{"email":"{EMAIL}","tier":{text}}}}}'.encode()
    decision = Enroller(Rules.of(custom=mapping(custom_2="/traits/tier"))).decide(record)
    assert "custom_2" not in fields_of(decision)


@pytest.mark.parametrize(
    ("pointer", "found"),
    [
        ("/traits/stores/0/name", "Leeds"),
        ("/traits/stores/1", None),
        ("/traits/stores/00", None),
        ("/traits/stores/-", None),
        ("/traits/stores/name", None),
        ("/traits/email/0", None),
        ("/traits/email/x", None),
        ("/traits/a~1b", "slash"),
        ("/traits/c~0d", "tilde"),
        ("/traits/e~01f", "both"),
        ("/traits/", "empty key"),
        ("/traits/7", "a key of digits"),
        ("/traits/nothing/at/all", None),
        ("/", None),
    ],
)
def test_pointers_are_read_as_the_standard_has_them(pointer: str, found: str | None, decide: Decide) -> None:
    traits = {
        "stores": [{"name": "Leeds"}],
        "a/b": "slash",
        "c~d": "tilde",
        "e~1f": "both",
        "": "empty key",
        "7": "a key of digits",
    }
    decision = decide(identify(traits), custom=mapping(custom_2=pointer))
    assert fields_of(decision).get("custom_2") == found
    assert found is None or pointer in [origin.pointer for origin in enrolled(decision).origins]


def test_a_named_identity_alone_enrols(decide: Decide) -> None:
    event = {"type": "identify", "userId": EMAIL}
    assert decide(event) == Filtered(FilterReason.NO_IDENTITY)
    assert fields_of(decide(event, custom=mapping(email="/userId")))["email"] == EMAIL


@pytest.mark.parametrize("value", ["jane", {"value": EMAIL}, 7, True, [7], "x" * 3_000])
def test_a_named_identity_that_is_unusable_makes_a_dead_letter(value: object, decide: Decide) -> None:
    decision = decide({"type": "identify", "userId": value}, custom=mapping(email="/userId"))
    assert isinstance(decision, Undeliverable)
    assert (decision.reason, decision.detail) == (DeadLetterReason.UNMAPPABLE, "email unusable")


def test_a_named_first_name_keeps_the_whole_name_from_being_split(decide: Decide) -> None:
    event = identify({"name": "Jane Doe", "nick": "Janie"})
    found = fields_of(decide(event, custom=mapping(first_name="/traits/nick")))
    assert (found["first_name"], found.get("last_name")) == ("Janie", None)


def test_pointers_begin_at_the_event_inside_its_wrapper(decide: Decide) -> None:
    record = {"meta": {"tier": "x"}, "payload": orjson.dumps(identify({"tier": "gold"})).decode()}
    decision = decide(record, custom=mapping(custom_2="/traits/tier"), event_path="/payload")
    assert fields_of(decision)["custom_2"] == "gold"


def test_browsing_events_are_filtered_as_ever(decide: Decide) -> None:
    custom = mapping("sms_consent", email="/userId")
    assert decide({"type": "page", "userId": EMAIL}, custom=custom) == Filtered(FilterReason.NOT_ENROLMENT)
    assert decide({"type": "track", "event": "Order", "userId": EMAIL}, custom=custom).__class__ is Filtered


def test_a_field_that_is_none_and_a_pointer_that_is_none_are_refused() -> None:
    with pytest.raises(KeyError):
        mapping(custom_1="/traits/x")
    with pytest.raises(ValueError, match="JSON pointer"):
        mapping(custom_2="traits.x")


@pytest.mark.parametrize(
    ("traits", "names", "expected"),
    [
        ({"vip_texts": True}, ["vip_texts"], "marketing_opt_in"),
        ({"VIP-Texts": "no"}, ["vip_texts"], "marketing_opt_out"),
        ({"$vip_texts": "yes"}, ["$vip_texts"], "marketing_opt_in"),
        ({"consent": True}, ["consent"], "marketing_opt_in"),
        ({"do_not_text": True}, ["do_not_text"], "marketing_opt_out"),
        ({"do_not_text": False}, ["do_not_text"], "marketing_unknown"),
        ({"vip_texts": "maybe", "marketing_opt_in": True}, ["vip_texts"], "marketing_unknown"),
        ({"vip_texts": None, "marketing_opt_in": True}, ["vip_texts"], "marketing_opt_in"),
        ({"marketing_opt_in": True}, ["vip_texts"], "marketing_opt_in"),
        ({"sms_consent": True, "newsletter": False}, ["sms_consent"], "marketing_opt_in"),
        ({"sms_consent": True, "newsletter": False}, ["sms_consent", "newsletter"], "marketing_opt_out"),
        ({"sms_consent": True, "newsletter": False}, [], "marketing_opt_out"),
        ({"sms_consent": {"status": "unsubscribed"}}, ["sms_consent"], "marketing_opt_out"),
        ({"sms_consent": {"granted": False}}, ["sms_consent"], "marketing_opt_out"),
        ({"sms_consent": {"granted": True}}, ["sms_consent"], "marketing_unknown"),
        ({"prefs": {"sms": "unsubscribed"}}, ["prefs"], "marketing_opt_out"),
        ({"blocked": True}, ["blocked"], "marketing_opt_out"),
        ({"revoked": "yes"}, ["revoked"], "marketing_opt_out"),
        ({"blocked": False}, ["blocked"], "marketing_unknown"),
    ],
    ids=str,
)
def test_named_traits_decide_about_consent_before_the_built_in_ones(
    traits: dict[str, Any], names: list[str], expected: str, decide: Decide
) -> None:
    event = identify(traits)
    assert fields_of(decide(event, custom=mapping(*names)))["custom_1"] == expected


def test_a_named_consent_trait_comes_before_the_context_and_says_where_it_is(decide: Decide) -> None:
    event = {
        "type": "identify",
        "properties": {"email": EMAIL, "vip_texts": "no"},
        "context": {"consent": {"canonical": {"marketing": True}}},
    }
    decision = enrolled(decide(event, custom=mapping("vip_texts")))
    assert decision.contact.custom_1 == "marketing_opt_out"
    assert "/properties/vip_texts" in [origin.pointer for origin in decision.origins]
    assert fields_of(decide(event))["custom_1"] == "marketing_opt_in"


@pytest.mark.parametrize(
    ("traits", "expected"),
    [
        ({"vip_texts": True}, "marketing_unknown"),
        ({"vip_texts": False}, "marketing_opt_out"),
        ({"VIP texts": False}, "marketing_unknown"),
    ],
    ids=str,
)
def test_among_more_keys_than_are_looked_at_only_a_refusal_counts(
    traits: dict[str, Any], expected: str, decide: Decide
) -> None:
    many = {f"key_{number}": number for number in range(MOST_KEYS)} | traits
    assert fields_of(decide(identify(many), custom=mapping("vip_texts")))["custom_1"] == expected
    contact = {"email": EMAIL, "custom_1": "marketing_opt_in", **many}
    assert fields_of(decide(contact, custom=mapping("vip_texts"), input=Input.CONTACT))["custom_1"] == expected


def test_then_a_refusal_under_a_built_in_name_counts_too(decide: Decide) -> None:
    many = {f"key_{number}": number for number in range(MOST_KEYS)}
    event = identify({"vip_texts": True, "marketing_opt_in": False}, properties=many)
    assert fields_of(decide(event, custom=mapping("vip_texts")))["custom_1"] == "marketing_opt_out"


def test_a_key_that_is_too_long_names_nothing(decide: Decide) -> None:
    traits = {"k" * 100: True, "vip_texts": True}
    assert fields_of(decide(identify(traits), custom=mapping("vip_texts")))["custom_1"] == "marketing_opt_in"


def test_whatever_the_bytes_it_never_raises() -> None:
    enroller = Enroller(Rules.of(custom=mapping("vip_texts", custom_2="/traits/x", email="/a/b/0")))
    for value in (b"{", b"null", b"[]", b'{"type":"identify"}', b'{"type":"identify","traits":[{"x":1}],"a":"b"}'):
        assert not isinstance(enroller.decide(value), Enrolled)
