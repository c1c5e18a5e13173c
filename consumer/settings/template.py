"""A commented settings file with every setting, as a start: `clicksend-consumer settings --init`."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from enum import StrEnum

from consumer.settings.field import Field, fields_of
from consumer.settings.model import SECTIONS
from consumer.settings.sources import SECRETS_DIR, Setting

WIDTH = 100
HEAD = """\
# Settings of clicksend-consumer: `clicksend-consumer run --config worker.toml`.
#
# Fill in the required settings; the others are commented out and have their defaults. Secrets are
# better kept in files. The environment overrides this file: SECTION_KEY, as in KAFKA_TOPIC.
# `clicksend-consumer settings --config worker.toml` shows what is in effect.
"""


def worker_toml() -> str:
    """Return the file's text. An empty value counts as not given, so that a required setting is asked for."""
    return HEAD + "".join("\n" + "\n".join(_section(name)) + "\n" for name in SECTIONS)


def _section(name: str) -> Iterator[str]:
    section = SECTIONS[name]
    yield from _comment(section.__doc__ or "")
    yield f"[{name}]"
    for key, field in fields_of(section).items():
        if not field.is_deprecated:
            yield ""
            yield from _comment(_meaning(Setting(name, key), field))
            assigned = f"{key} = {_value(field)}"
            yield assigned if field.is_required and not field.is_secret else f"# {assigned}"


def _meaning(setting: Setting, field: Field) -> str:
    required = "required: " if field.is_required else ""
    default = f"; default: {shown}" if (shown := field.default_shown) else ""
    secret = f"; secret: set {setting.variable}_FILE, or write {SECRETS_DIR}/{setting.variable}"
    return f"{required}{field.description}{default}{secret if field.is_secret else ''}"


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="# ", subsequent_indent="#   ", break_on_hyphens=False)


def _value(field: Field) -> str:
    """Return the default as TOML; an empty text where there is none, or it depends on other settings."""
    if field.is_required or field.default is None or field.default_shown:
        return '""'
    match field.default:
        case StrEnum() as word:
            return json.dumps(str(word))
        case other:  # of what JSON writes as TOML does: text, numbers, true and false, lists, an empty table
            return json.dumps(other, ensure_ascii=False)
