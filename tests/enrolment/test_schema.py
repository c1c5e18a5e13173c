"""The files in `schemas/` are the contract."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.enrolment import schema
from consumer.enrolment.consent import Consent
from consumer.enrolment.contact import Contact
from consumer.enrolment.schema import Schema, load_schema

FOLDER = Path(__file__).parents[2] / "schemas"
NAMES = ["event", "contact"]


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_one_of_2020_12(name: str) -> None:
    document = orjson.loads((FOLDER / f"{name}.schema.json").read_bytes())
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert jsonschema_rs.meta.is_valid(document)


def examples(node: object) -> Iterator[tuple[dict[str, Any], object]]:
    if isinstance(node, dict):
        for example in node.get("examples", []):
            yield node, example
        for child in node.values():
            yield from examples(child)


@pytest.mark.parametrize("name", NAMES)
def test_the_examples_satisfy_their_schema(name: str) -> None:
    document = orjson.loads((FOLDER / f"{name}.schema.json").read_bytes())
    found = list(examples(document["properties"]))
    assert found
    for node, example in found:
        assert Schema({**node, "$defs": document["$defs"]}).fault(example) is None


def test_the_contact_schema_has_the_contacts_fields_in_their_order() -> None:
    document = orjson.loads((FOLDER / "contact.schema.json").read_bytes())
    assert tuple(document["properties"]) == Contact.__struct_fields__
    assert document["properties"]["custom_1"]["enum"] == list(Consent)


GOOD = {"email": "jane@example.com", "phone_number": "+14155550132", "first_name": "Jane", "custom_1": Consent.OPT_IN}


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({}, None),
        ({"email": "Jane Doe"}, "email/pattern"),
        ({"email": "a@" + "b" * 250 + ".com"}, "email/maxLength"),
        ({"phone_number": "14155550132"}, "phone_number/pattern"),
        ({"phone_number": "+1415555013212345"}, "phone_number/pattern"),
        ({"first_name": ""}, "first_name/pattern"),
        ({"first_name": " Jane"}, "first_name/pattern"),
        ({"first_name": "Ja\x00ne"}, "first_name/pattern"),
        ({"first_name": None}, "first_name/type"),
        ({"first_name": 7}, "first_name/type"),
        ({"address_country": "USA"}, "address_country/pattern"),
        ({"custom_1": "yes"}, "custom_1/enum"),
        ({"fax_number": "020 7946 0958"}, "fax_number/pattern"),
        ({"date_of_birth": "1990-01-01"}, "additionalProperties"),
    ],
)
def test_a_contacts_fault_is_named_without_its_value(changes: dict[str, Any], fault: str | None) -> None:
    assert load_schema("contact").fault(GOOD | changes) == fault
    if all(isinstance(value, str) for value in changes.values()):
        assert load_schema("contact").is_valid(GOOD | changes) is (fault is None)


def test_a_contact_needs_an_identity_and_consent() -> None:
    assert load_schema("contact").fault({"custom_1": "marketing_unknown"}) == "anyOf"
    assert load_schema("contact").fault({"email": "jane@example.com"}) == "required"


@pytest.mark.parametrize(
    ("event", "fault"),
    [
        ({"type": "identify"}, None),
        ({"type": "track", "event": 7, "traits": [1], "context": [1, 2], "properties": "x", "options": True}, None),
        ([], "type"),
        ("identify", "type"),
        (None, "type"),
        ({}, "required"),
        ({"type": 7}, "type/type"),
    ],
)
def test_an_event_is_an_object_with_a_type(event: object, fault: str | None) -> None:
    assert load_schema("event").fault(event) == fault


# What the two engines of patterns, or lines and texts, could read differently.
ODD = st.text(st.sampled_from("aZ0 @.+-_\n\r\t\0\x1c\x1f\x85\xa0\u180e\u2028\u2029\u3000\ufeffé"), max_size=4)
FIELDS: dict[str, st.SearchStrategy[str]] = {
    "email": st.just("jane@example.com") | ODD.map("jane@example.com".__add__) | ODD.map(lambda odd: f"{odd}@a.de"),
    "phone_number": st.just("+14155550132") | ODD.map("+1415".__add__),
    "first_name": ODD,
    "address_country": st.just("US") | ODD.map("US".__add__),
    "custom_1": st.sampled_from(Consent) | ODD.map("marketing_opt_in".__add__),
    "no_field": ODD,
}


@given(
    st.fixed_dictionaries({}, optional=FIELDS),
    st.permutations([*FIELDS]),
    st.sampled_from(["", "\n", "\ufeff", "x" * 250]),
)
def test_a_contact_is_valid_for_the_validator_too(fields: dict[str, str], order: list[str], more: str) -> None:
    contact = {name: fields[name] + more for name in order if name in fields}
    document = orjson.loads((FOLDER / "contact.schema.json").read_bytes())
    assert Schema(document).is_valid(contact) is jsonschema_rs.Draft202012Validator(document).is_valid(contact)


def test_the_validator_is_not_loaded_for_valid_contacts() -> None:
    contacts = load_schema("contact")
    assert contacts.is_valid(GOOD)
    assert contacts.is_valid({"phone_number": "+14155550132", "last_name": "Ōe 大江", "custom_1": Consent.UNKNOWN})
    assert "_validator" not in vars(contacts)
    assert not contacts.is_valid({"custom_1": Consent.UNKNOWN})
    assert "_validator" in vars(contacts)


def test_a_schema_keeps_a_bounded_number_of_patterns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "_MOST_PATTERNS", 2)
    contacts = load_schema("contact")
    for name in ("first_name", "last_name", "address_city"):
        assert contacts.is_valid({"email": "jane@example.com", "custom_1": Consent.UNKNOWN, name: "Jane"})
    assert len(contacts._patterns) == 2


TEXT = {"type": "string", "maxLength": 3}


@pytest.mark.parametrize(
    ("document", "text", "expected"),
    [
        pytest.param({"properties": {"a": TEXT}}, "abcd", False, id="no type"),
        pytest.param({"type": "object", "properties": {"a": {**TEXT, "minLength": 2}}}, "a", False, id="minimum"),
        pytest.param({"type": "object", "properties": {"a": {"maxLength": 3}}}, "abc", True, id="any type"),
        pytest.param({"type": "object", "properties": {"a": {"type": "null"}}}, "abc", False, id="another type"),
        pytest.param({"type": "object", "properties": {"a": {**TEXT, "enum": ["a"]}}}, "b", False, id="two keywords"),
        pytest.param({"type": "object", "properties": {"a": TEXT}, "maxProperties": 0}, "a", False, id="of the object"),
        pytest.param(
            {"type": "object", "anyOf": [{"required": ["a"], "maxProperties": 0}]}, "a", False, id="of a choice"
        ),
        pytest.param(
            {"type": "object", "properties": {"a": {"$ref": "#/$defs/a", "minLength": 2}}, "$defs": {"a": TEXT}},
            "a",
            False,
            id="beside a reference",
        ),
        pytest.param({"type": "object", "properties": {"b": TEXT}}, "abcd", True, id="no property"),
    ],
)
def test_what_the_patterns_do_not_know_the_validator_decides(
    document: dict[str, Any], text: str, *, expected: bool
) -> None:
    judge = Schema(document)
    assert judge.is_valid({"a": text}) is expected
    assert "_validator" in vars(judge)
