"""The settings file to start with: every setting, and it is accepted as soon as the required ones are filled in."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import jsonschema_rs
from msgspec.structs import replace

from consumer.settings import SECTIONS, Settings, Sources, effective_settings, load
from consumer.settings.field import fields_of
from consumer.settings.schema import json_schema
from consumer.settings.section import Section
from consumer.settings.template import WIDTH, worker_toml
from tests.support.required_settings import REQUIRED

TEMPLATE = worker_toml()
SECRET = {name: value for name, value in REQUIRED.items() if name == "CLICKSEND_API_KEY"}
VALUES = {"bootstrap_servers": '"127.0.0.1:1"', "topic": '"raw-events"', "username": '"acme"', "list_id": "428"}


def filled_in(text: str) -> str:
    return re.sub(r'^(\w+) = ""$', lambda found: f"{found[1]} = {VALUES[found[1]]}", text, flags=re.MULTILINE)


def uncommented(text: str) -> str:
    """Return the file with every setting in effect."""
    return re.sub(r"^# (\w+ = )", r"\1", text, flags=re.MULTILINE)


def read(sources: Callable[..., Sources], text: str, folder: Path) -> Settings:
    (folder / "worker.toml").write_text(text)
    return load(sources({**dict.fromkeys(REQUIRED), **SECRET}, config=folder / "worker.toml"))


def values(settings: Settings) -> list[Section]:
    """The sections, however their values were given."""
    return [replace(section, given=frozenset()) for section in settings.sections.values()]


def test_it_has_every_setting_once_and_in_effect_those_that_are_required() -> None:
    wanted = {
        name: [key for key, field in fields_of(section).items() if not field.is_deprecated]
        for name, section in SECTIONS.items()
    }
    assert {name: list(table) for name, table in tomllib.loads(uncommented(TEMPLATE)).items()} == wanted
    required = {
        name: [key for key, field in fields_of(section).items() if field.is_required and not field.is_secret]
        for name, section in SECTIONS.items()
    }
    assert {name: list(table) for name, table in tomllib.loads(TEMPLATE).items()} == required


def test_every_line_is_short() -> None:
    assert max(map(len, TEMPLATE.splitlines())) <= WIDTH


def test_a_secret_is_sent_to_a_file_of_its_own() -> None:
    assert "secret: set CLICKSEND_API_KEY_FILE, or write\n#   /run/secrets/CLICKSEND_API_KEY\n# api_key" in TEMPLATE


def test_until_the_required_settings_are_filled_in_they_are_missing(
    sources: Callable[..., Sources], tmp_path: Path
) -> None:
    (tmp_path / "worker.toml").write_text(TEMPLATE)
    found = effective_settings(sources(dict.fromkeys(REQUIRED), config=tmp_path / "worker.toml"))
    assert {problem.name: problem.what for problem in found.problems} == dict.fromkeys(REQUIRED, "is missing")


def test_filled_in_it_is_accepted_with_the_defaults(sources: Callable[..., Sources], tmp_path: Path) -> None:
    plain = load(sources())
    for text in (filled_in(TEMPLATE), uncommented(filled_in(TEMPLATE))):
        settings = read(sources, text, tmp_path)
        assert settings.warnings == ()
        assert values(settings) == values(plain)


def test_filled_in_the_schema_admits_it() -> None:
    assert jsonschema_rs.Draft7Validator(json_schema()).is_valid(tomllib.loads(filled_in(TEMPLATE)))
