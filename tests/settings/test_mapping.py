"""ENROLMENT_FIELDS, ENROLMENT_CONSENT_TRAITS and the rest of the operator's own mapping, in each form."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from consumer.enrolment.consent import Consent
from consumer.enrolment.decision import Enrolled
from consumer.enrolment.enroller import Enroller
from consumer.errors import ConfigurationError, Problem
from consumer.settings import Settings, Sources, effective_settings, load
from consumer.settings.mapping import MOST_POINTERS
from consumer.settings.views import enrolment_rules

Make = Callable[..., Settings]
Find = Callable[..., list[Problem]]
From = Callable[..., Sources]

TOML = """
[enrolment]
input = "event"
consent_traits = ["vip_texts", "newsletter"]
consent = "opted_in"
deliver_opt_outs = false

[enrolment.fields]
custom_2 = "/traits/loyalty_tier"
custom_3 = ["/traits/store", "/context/campaign/source"]
"""
FIELDS = {"custom_2": ("/traits/loyalty_tier",), "custom_3": ("/traits/store", "/context/campaign/source")}
VARIABLE = '{"custom_2": "/traits/loyalty_tier", "custom_3": ["/traits/store", "/context/campaign/source"]}'


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "worker.toml"
    path.write_text(TOML, "utf-8")
    return path


def test_a_table_and_a_json_object_are_the_same(sources: From, settings: Make, config: Path) -> None:
    of_file = load(sources(config=config)).enrolment
    assert of_file.fields == FIELDS
    assert (of_file.consent_traits, of_file.deliver_opt_outs) == (("vip_texts", "newsletter"), False)
    assert settings(ENROLMENT_FIELDS=VARIABLE).enrolment.fields == FIELDS


def test_the_environment_replaces_the_files_table_as_a_whole(sources: From, config: Path) -> None:
    found = load(sources({"ENROLMENT_FIELDS": '{"custom_4": "/traits/x"}'}, config=config)).enrolment
    assert found.fields == {"custom_4": ("/traits/x",)}
    assert load(sources({"ENROLMENT_FIELDS": "{}"}, config=config)).enrolment.fields == {}


def test_pointers_are_shown_in_the_effective_settings(sources: From, config: Path) -> None:
    rows = {row.name: row.value for row in effective_settings(sources(config=config)).rows}
    assert rows["ENROLMENT_FIELDS"] == VARIABLE
    assert rows["ENROLMENT_CONSENT_TRAITS"] == "vip_texts,newsletter"


def test_a_pointer_that_is_given_twice_counts_once(settings: Make) -> None:
    assert settings(ENROLMENT_FIELDS='{"email": ["/a", "/b", "/a"]}').enrolment.fields == {"email": ("/a", "/b")}


@pytest.mark.parametrize("pointer", ["/", "/a~1b", "/m~0n", "/a//b", "/items/0/name", "/Loyalty Tier", "/größe"])
def test_any_pointer_of_the_standard_is_taken_but_the_empty_one(settings: Make, pointer: str) -> None:
    found = settings(ENROLMENT_FIELDS=orjson.dumps({"custom_2": pointer}).decode()).enrolment.fields
    assert found == {"custom_2": (pointer,)}


@pytest.mark.parametrize(
    "text", ["custom_2=/traits/x", "[]", '"x"', "7", "null", "{", '{"custom_2": /x}', "[" * 100_000, "1" * 5_000]
)
def test_what_is_no_json_object_is_refused_with_an_example(problems: Find, text: str) -> None:
    (problem,) = problems(ENROLMENT_FIELDS=text)
    assert problem.what == "is not a JSON object of contact fields and JSON pointers"
    assert problem.hint == 'Write it like {"custom_2": "/traits/loyalty_tier"}'


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ("traits/x", "custom_2: not a JSON pointer; begin with a slash"),
        (" /traits/x", "custom_2: not a JSON pointer; begin with a slash"),
        ("$.traits.x", "custom_2: not a JSON pointer; begin with a slash"),
        ("#/traits/x", "custom_2: not a JSON pointer; begin with a slash"),
        ("/a~2", "custom_2: not a JSON pointer"),
        ("/a~", "custom_2: not a JSON pointer"),
        ("", "custom_2: an empty pointer is the whole event"),
        (["/a", ""], "custom_2: an empty pointer is the whole event"),
        (["/a", "b"], "custom_2: not a JSON pointer"),
        ("/a\ud800", "custom_2: a pointer is not UTF-8 text"),
        ([], "custom_2: give a JSON pointer, or a list of them"),
        (5, "custom_2: give a JSON pointer, or a list of them"),
        (None, "custom_2: give a JSON pointer, or a list of them"),
        (True, "custom_2: give a JSON pointer, or a list of them"),
        ({"a": "/b"}, "custom_2: give a JSON pointer, or a list of them"),
        ([["/a"]], "custom_2: give a JSON pointer, or a list of them"),
        ([{"a": "/b"}], "custom_2: give a JSON pointer, or a list of them"),
        ([f"/{number}" for number in range(MOST_POINTERS + 1)], "custom_2: give at most 10 pointers"),
    ],
    ids=str,
)
def test_an_entry_that_cannot_be_used_is_named_without_its_pointers(problems: Find, entry: object, fault: str) -> None:

    (problem,) = problems(ENROLMENT_FIELDS=json.dumps({"custom_2": entry}))
    assert problem.what == "has entries that can't be used"
    assert problem.hint.startswith(fault)


@pytest.mark.parametrize(
    ("field", "fault"),
    [
        ("custom_1", "custom_1: leave it out, it holds the consent; ENROLMENT_CONSENT_TRAITS names traits for it"),
        ("frist_name", "frist_name: no contact field; did you mean first_name?"),
        ("Email", "Email: no contact field; did you mean email?"),
        ("list_id", "list_id: no contact field; there are email, phone_number, fax_number"),
        ("name", "name: no contact field; there are email"),
        ("/traits/tier", "/traits/tier: no contact field; there are email"),
        ("", ": no contact field; there are email"),
    ],
)
def test_an_unknown_field_is_refused_with_the_nearest_one(problems: Find, field: str, fault: str) -> None:
    (problem,) = problems(ENROLMENT_FIELDS=orjson.dumps({field: "/traits/x"}).decode())
    assert problem.hint.startswith(fault)


def test_all_that_is_wrong_is_told_at_once(problems: Find) -> None:
    found = problems(
        ENROLMENT_FIELDS='{"custom_1": "/a", "custom_7": "b", "custom_2": ["", 5], "email": "/fine"}',
        ENROLMENT_CONSENT_TRAITS="/traits/x",
        ENROLMENT_INPUT="contacts",
        ENROLMENT_CONSENT="some",
    )
    assert [problem.name for problem in found] == [
        "ENROLMENT_INPUT",
        "ENROLMENT_FIELDS",
        "ENROLMENT_CONSENT_TRAITS",
        "ENROLMENT_CONSENT",
    ]
    hint = found[1].hint
    assert [part.partition(":")[0] for part in hint.split("; ") if part.startswith("custom")] == [
        "custom_1",
        "custom_7",
        "custom_7",
        "custom_2",
    ]


def test_a_field_that_is_named_twice_is_refused(problems: Find) -> None:
    (problem,) = problems(ENROLMENT_FIELDS='{"custom_2": "/a", "custom_2": "/b"}')
    assert (problem.what, problem.hint) == (
        "names a field twice",
        "Give a field's pointers as one list, the best first",
    )


def test_a_table_in_a_table_is_refused(sources: From, tmp_path: Path) -> None:
    path = tmp_path / "worker.toml"
    path.write_text('[enrolment.fields.custom_2]\npointer = "/traits/x"\n', "utf-8")
    with pytest.raises(ConfigurationError) as raised:
        load(sources(config=path), ("enrolment",))
    (problem,) = raised.value.problems
    assert problem.hint == "custom_2: give a JSON pointer, or a list of them"


@pytest.mark.parametrize(
    ("names", "what"),
    [
        ("/traits/x", "holds a JSON pointer"),
        ("sms_consent,/x", "holds a JSON pointer"),
        ("_-_", "holds what can't be the name of a trait"),
        ("$", "holds what can't be the name of a trait"),
        ("x" * 65, "holds what can't be the name of a trait"),
    ],
)
def test_what_is_no_name_of_a_trait_is_refused(problems: Find, names: str, what: str) -> None:
    (problem,) = problems(ENROLMENT_CONSENT_TRAITS=names)
    assert (problem.name, problem.what) == ("ENROLMENT_CONSENT_TRAITS", what)


def test_names_of_events_are_warned_of_where_contacts_are_read(settings: Make) -> None:
    (warning,) = settings(ENROLMENT_INPUT="contact", ENROLMENT_EVENTS="Signed Up").warnings
    assert warning.name == "ENROLMENT_EVENTS"
    assert settings(ENROLMENT_INPUT="contact").warnings == ()
    assert settings(ENROLMENT_EVENTS="Signed Up").warnings == ()


@pytest.mark.parametrize(
    ("variables", "withheld"),
    [
        ({}, set()),
        ({"ENROLMENT_DELIVER_OPT_OUTS": "false"}, {Consent.OPT_OUT}),
        ({"ENROLMENT_CONSENT": "opted_in"}, {Consent.UNKNOWN}),
        ({"ENROLMENT_CONSENT": "opted_in", "ENROLMENT_DELIVER_OPT_OUTS": "false"}, {Consent.UNKNOWN, Consent.OPT_OUT}),
    ],
)
def test_the_two_settings_of_consent_say_who_is_left_out(
    settings: Make, variables: dict[str, str], withheld: set[Consent]
) -> None:
    assert enrolment_rules(settings(**variables).enrolment).withheld == withheld


def test_the_settings_are_what_the_worker_maps_by(sources: From, config: Path) -> None:
    enroller = Enroller(enrolment_rules(load(sources(config=config)).enrolment))
    traits = {"email": "j@example.com", "vip_texts": "yes", "loyalty_tier": "gold", "store": "Leeds"}
    decision = enroller.decide(orjson.dumps({"type": "identify", "traits": traits}))
    assert isinstance(decision, Enrolled)
    assert decision.contact.fields() == {
        "email": "j@example.com",
        "custom_1": "marketing_opt_in",
        "custom_2": "gold",
        "custom_3": "Leeds",
    }


def test_with_none_of_them_there_is_nothing_to_ask_for(settings: Make) -> None:
    rules = enrolment_rules(settings().enrolment)
    assert (rules.custom, rules.withheld) == (None, frozenset())
