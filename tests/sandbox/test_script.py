from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from consumer.errors import ConfigurationError
from consumer.sandbox.faults import ConnectionFault, Per, Rule, Script
from consumer.sandbox.script import parse_json, parse_toml, read_script

if TYPE_CHECKING:
    from pathlib import Path

TOML = b"""
seed = 7
[[rules]]
name = "a 503 spell"
after = 10
until = 15.5
status = 503
retry_after = 2

[[rules]]
contact = "*@example.org"
nth = [1, 2]
per = "contact"
connection = "reset"
processed = true
"""
JSON = b"""
{"seed": 7, "rules": [
  {"name": "a 503 spell", "after": 10, "until": 15.5, "status": 503, "retry_after": 2},
  {"contact": ["*@example.org"], "nth": [1, 2], "per": "contact", "connection": "reset", "processed": true}
]}
"""
EXPECTED = Script(
    rules=(
        Rule(name="a 503 spell", after=10.0, until=15.5, status=503, retry_after=2.0),
        Rule(contact=("*@example.org",), nth=(1, 2), per=Per.CONTACT, connection=ConnectionFault.RESET, processed=True),
    ),
    seed=7,
)


def problems(text: str) -> dict[str, str]:
    """Return the script's problems by place."""
    with pytest.raises(ConfigurationError) as caught:
        parse_json(text.encode())
    return {problem.name: f"{problem.what}. {problem.hint}" for problem in caught.value.problems}


def test_toml_and_json_say_the_same() -> None:
    assert parse_toml(TOML) == parse_json(JSON) == EXPECTED


def test_one_value_may_stand_for_a_list_of_one() -> None:
    rule = parse_json(b'{"rules": [{"contact": "a@example.com", "nth": 3, "status": 500}]}').rules[0]
    assert (rule.contact, rule.nth) == (("a@example.com",), (3,))


def test_an_empty_script_allows_everything() -> None:
    assert parse_json(b"{}") == parse_toml(b"") == Script()


def test_a_file_is_read_by_its_name(tmp_path: Path) -> None:
    for name, text in (("faults.toml", TOML), ("faults.json", JSON)):
        path = tmp_path / name
        path.write_bytes(text)
        assert read_script(path) == EXPECTED


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="can't be read: No such file"):
        read_script(tmp_path / "none.toml")


def test_every_problem_is_named_with_its_rule_and_key() -> None:
    found = problems('{"rules": [{"status": 99}, {"name": "spell", "delay": -1, "every": 0}], "sed": 1}')
    assert list(found) == [
        "fault script, rule 1, status",
        'fault script, rule 2 "spell", every',
        'fault script, rule 2 "spell", delay',
        "fault script, sed",
    ]


@pytest.mark.parametrize(
    ("rule", "place", "text"),
    [
        ('{"stauts": 500}', "rule 1, stauts", "Did you mean status?"),
        ('{"connection": "explode"}', "rule 1, connection", "'hang'"),
        ('{"status": "503"}', "rule 1, status", "valid integer"),
        ('{"status": true}', "rule 1, status", "valid integer"),
        ('{"delay": "1"}', "rule 1, delay", "valid number"),
        ('{"delay": NaN}', "rule 1, delay", "finite number"),
        ('{"probability": 1.5, "status": 500}', "rule 1, probability", "less than or equal to 1"),
        ('{"nth": 0, "status": 500}', "rule 1, nth", "greater than or equal to 1"),
        ('{"status": 302, "location": "/a\\r\\nX: y"}', "rule 1, location", "match pattern"),
        ('{"headers": {"a b": "c"}}', "rule 1, headers", "match pattern"),
        ('{"headers": {"a": "b\\nc"}}', "rule 1, headers", "match pattern"),
        ("{}", "rule 1", "does nothing"),
        ('{"contact": "a@example.com"}', "rule 1", "does nothing"),
        ('{"code": "FORBIDDEN"}', "rule 1", "status is needed"),
        ('{"after": 5, "until": 5, "status": 500}', "rule 1", "later than after"),
        ("7", "rule 1", "object"),
    ],
)
def test_a_rule_that_does_not_fit_is_explained(rule: str, place: str, text: str) -> None:
    found = problems(f'{{"rules": [{rule}]}}')
    assert text in found[f"fault script, {place}"]


@pytest.mark.parametrize(
    ("text", "what"),
    [("{", "isn't JSON"), ("[]", "Input should be an object"), ("\udcff", "isn't JSON")],
    ids=["cut", "a list", "not utf-8"],
)
def test_what_is_not_a_script_at_all(text: str, what: str) -> None:
    with pytest.raises(ConfigurationError, match=what):
        parse_json(text.encode(errors="surrogateescape"))


@pytest.mark.parametrize("text", [b"[[rules", b"\xff"], ids=["cut", "not utf-8"])
def test_what_is_not_toml(text: bytes) -> None:
    with pytest.raises(ConfigurationError, match="isn't TOML"):
        parse_toml(text)


def test_a_date_in_toml_is_refused_like_any_other_text() -> None:
    with pytest.raises(ConfigurationError, match="valid number"):
        parse_toml(b"[[rules]]\nstatus = 500\nafter = 2026-01-01")
