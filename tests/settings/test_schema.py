"""The JSON Schema of the settings file: what it admits, the worker reads."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest

from consumer.errors import ConfigurationError
from consumer.settings import SECTIONS, Settings, Sources, load
from consumer.settings.field import fields_of
from consumer.settings.schema import json_schema

ROOT = Path(__file__).parents[2]
SCHEMA = json_schema()
VALIDATOR = jsonschema_rs.Draft7Validator(SCHEMA)

FIELDS = [(name, key, field) for name, section in SECTIONS.items() for key, field in fields_of(section).items()]
each_setting = pytest.mark.parametrize(
    ("section", "key", "field"), FIELDS, ids=[f"{section}-{key}" for section, key, _ in FIELDS]
)


def faults(text: str) -> list[str]:
    return [each.message for each in VALIDATOR.iter_errors(tomllib.loads(text))]


def schema_of(section: str, key: str) -> dict[str, Any]:
    return dict(SCHEMA["properties"][section]["properties"][key])


def parts(schema: object) -> Iterator[dict[str, Any]]:
    """Yield every object inside a schema."""
    if isinstance(schema, dict):
        yield schema
    for part in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from parts(part)


@pytest.fixture
def loaded(sources: Callable[..., Sources], tmp_path: Path) -> Callable[[str], Settings]:
    """What the worker reads from this file; what the file does not have is in the environment."""

    def read(text: str) -> Settings:
        (tmp_path / "worker.toml").write_text(text)
        given = {f"{section}_{key}".upper(): None for section, table in tomllib.loads(text).items() for key in table}
        return load(sources(given, config=tmp_path / "worker.toml"))

    return read


def test_it_is_a_schema_that_editors_read() -> None:
    assert jsonschema_rs.meta.is_valid(orjson.loads(orjson.dumps(SCHEMA)))
    assert not [part for part in parts(SCHEMA) if "$ref" in part or part.get("type") == "null"]


def test_it_has_every_setting_and_admits_no_other() -> None:
    assert SCHEMA["additionalProperties"] is False
    assert {name: set(table["properties"]) for name, table in SCHEMA["properties"].items()} == {
        name: set(fields_of(section)) for name, section in SECTIONS.items()
    }
    assert all(table["additionalProperties"] is False for table in SCHEMA["properties"].values())


def test_no_setting_is_required_as_it_may_come_from_elsewhere() -> None:
    assert not [part for part in parts(SCHEMA) if "required" in part]


@each_setting
def test_a_setting_is_described_and_its_default_is_valid(section: str, key: str, field: Any) -> None:
    schema = schema_of(section, key)
    assert schema["description"].startswith(field.description)
    assert schema.get("writeOnly", False) == field.is_secret
    assert ("type" in schema) != ("anyOf" in schema)
    if "default" in schema:
        assert VALIDATOR.is_valid({section: {key: orjson.loads(orjson.dumps(schema["default"]))}})


def test_a_setting_that_will_go_is_marked() -> None:
    assert schema_of("worker", "cores")["deprecated"] is True


FILES = sorted(path for path in (ROOT / "deploy").rglob("worker.toml"))
BLOCKS = [
    pytest.param(block, id=f"{path.relative_to(ROOT)}-{number}")
    for path in sorted((*ROOT.glob("*.md"), *(ROOT / "consumer").rglob("*.md"), *(ROOT / "deploy").rglob("*.md")))
    for number, block in enumerate(
        re.findall(r"^```toml\n(.*?)^```", path.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    )
    if set(tomllib.loads(block)) & set(SECTIONS)
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_it_admits_the_files_of_this_repository(path: Path) -> None:
    assert faults(path.read_text("utf-8")) == []


@pytest.mark.parametrize("block", BLOCKS)
def test_it_admits_the_examples_of_the_docs(block: str) -> None:
    assert faults(block) == []


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('[kafka]\ntopic = "a,b"\ndead_letter_topic = "d"', id="names in a text"),
        pytest.param('[kafka]\ntopic = ["a", "b"]\ndead_letter_topic = "d"', id="names in an array"),
        pytest.param('[kafka]\nbootstrap_servers = ["a:9092", "b:9092"]', id="servers in an array"),
        pytest.param('[kafka.properties]\n"client.rack" = "a"\n"fetch.min.bytes" = 5', id="properties in a table"),
        pytest.param('[kafka]\nproperties = \'{"client.rack": "a"}\'', id="properties in a text"),
        pytest.param('[enrolment.fields]\ncustom_2 = "/traits/a"', id="a pointer"),
        pytest.param('[enrolment.fields]\ncustom_2 = ["/traits/a", "/traits/b"]', id="pointers"),
        pytest.param('[enrolment]\nfields = \'{"custom_2": "/traits/a"}\'', id="pointers in a text"),
        pytest.param("[clicksend]\nlist_id = 428\nread_timeout = 0.5", id="numbers"),
        pytest.param("[clicksend]\nread_timeout = 5", id="a whole number of seconds"),
        pytest.param('[monitor]\nallowed_hosts = ["a", "b"]', id="hosts in an array"),
        pytest.param("[worker]\ncores = '0'", id="a setting that will go"),
    ],
)
def test_what_it_admits_the_worker_reads(loaded: Callable[[str], Settings], text: str) -> None:
    assert faults(text) == []
    loaded(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[kafak]\n", id="an unknown section"),
        pytest.param('[kafka]\ntopics = "a"', id="an unknown key"),
        pytest.param("kafka = []", id="a section that is no table"),
        pytest.param("[kafka]\ntopic = []", id="no topic"),
        pytest.param("[kafka]\ntopic = [1]", id="a name that is no text"),
        pytest.param('[kafka]\ngroup_protocol = "classical"', id="an unknown word"),
        pytest.param("[kafka]\ncreate_dead_letter_topic = 2", id="a number for yes or no"),
        pytest.param("[kafka]\nsession_timeout_ms = 0", id="a number that is too small"),
        pytest.param("[kafka]\nsession_timeout_ms = 1.5", id="a fraction for a whole number"),
        pytest.param("[clicksend]\nlist_id = true", id="yes for a number"),
        pytest.param("[clicksend]\nread_timeout = 0", id="no seconds"),
        pytest.param("[delivery]\nconcurrency = 2001", id="a number that is too large"),
        pytest.param("[kafka.properties]\n'a' = [1]", id="a property that is a list"),
        pytest.param("[enrolment.fields]\ncustom_2 = 1", id="a pointer that is a number"),
        pytest.param("[enrolment.fields]\ncustom_2 = []", id="no pointer"),
    ],
)
def test_what_it_refuses_the_worker_refuses(loaded: Callable[[str], Settings], text: str) -> None:
    assert faults(text) != []
    with pytest.raises(ConfigurationError):
        loaded(text)
