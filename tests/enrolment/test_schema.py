"""The files in `schemas/` are the contract."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest

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
    assert tuple(document["properties"]) == Contact.__slots__
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
