"""Read a fault script from TOML or JSON, and report every problem at once."""

from __future__ import annotations

import dataclasses
import json
import tomllib
from difflib import get_close_matches
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from consumer.errors import ConfigurationError, Problem
from consumer.sandbox.faults import Rule, Script

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic_core import ErrorDetails

SCRIPT = TypeAdapter(Script)
KEYS = tuple(key.name for key in dataclasses.fields(Rule))
SHAPE_HINT = 'A script is {"rules": [...], "seed": 1}, or in TOML one [[rules]] table for each rule.'


def read_script(path: Path) -> Script:
    """Read a file: TOML if its suffix is `.toml`, else JSON. Raises ConfigurationError with every problem."""
    try:
        text = path.read_bytes()
    except OSError as error:
        hint = "Name a file that can be read."
        raise ConfigurationError(Problem("fault script", f"can't be read: {error.strerror}", hint)) from error
    return parse_toml(text) if path.suffix == ".toml" else parse_json(text)


def parse_toml(text: bytes) -> Script:
    """Raise ConfigurationError with every problem."""
    try:
        document = tomllib.loads(text.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(Problem("fault script", f"isn't TOML: {error}", SHAPE_HINT)) from error
    return parse_json(json.dumps(document, default=str).encode())


def parse_json(text: bytes) -> Script:
    """Raise ConfigurationError with every problem."""
    try:
        return SCRIPT.validate_json(text)
    except ValidationError as error:
        raise ConfigurationError(*problems(error, text)) from error


def problems(error: ValidationError, text: bytes) -> list[Problem]:
    """Return one problem for each place, with the rule's number and name."""
    found: dict[str, Problem] = {}
    for detail in error.errors(include_url=False, include_input=False, include_context=False):
        name = place(detail["loc"], text)
        found.setdefault(name, Problem(name, *what_and_hint(detail)))
    return list(found.values())


def place(location: tuple[int | str, ...], text: bytes) -> str:
    match location:
        case ("rules", int(index), *rest):
            rule = json.loads(text)["rules"][index]
            given = rule.get("name") if isinstance(rule, dict) else None
            called = f' "{given}"' if isinstance(given, str) and given else ""
            key = f", {rest[0]}" if rest else ""
            return f"fault script, rule {index + 1}{called}{key}"
        case (key, *_):
            return f"fault script, {key}"
        case _:
            return "fault script"


def what_and_hint(detail: ErrorDetails) -> tuple[str, str]:
    if detail["type"] in ("unexpected_keyword_argument", "json_invalid"):
        return described(detail)
    if detail["type"] == "value_error":
        return "doesn't make sense", sentence(detail["msg"].removeprefix("Value error, "))
    return "doesn't fit", sentence(detail["msg"])


def described(detail: ErrorDetails) -> tuple[str, str]:
    if detail["type"] == "json_invalid":
        return "isn't JSON", sentence(detail["msg"])
    close = get_close_matches(str(detail["loc"][-1]), KEYS, n=1)
    suggestion = f"Did you mean {close[0]}? " if close else ""
    return "isn't a key", f"{suggestion}The keys of a rule are {', '.join(KEYS)}."


def sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
