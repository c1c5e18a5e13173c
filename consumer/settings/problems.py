"""Translate pydantic's errors into problems for the operator, which never show the value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from consumer.errors import Problem
from consumer.settings.section import Section, choices
from consumer.settings.sources import Setting
from consumer.settings.values import SettingError


def problems_of(name: str, section: type[Section], error: ValidationError) -> Iterable[Problem]:
    """Return each problem of the section `name` once."""
    found: dict[Problem, None] = {}
    for detail in error.errors(include_url=False, include_input=False):
        key = str(detail["loc"][0])
        setting = Setting(name, key)
        problem = _problem(setting, section.model_fields[key], detail["type"], detail.get("ctx", {}))
        found[problem] = None
    return found


def _problem(setting: Setting, field: FieldInfo, kind: str, context: dict[str, Any]) -> Problem:
    wrong = context.get("error")
    if isinstance(wrong, SettingError):
        return Problem(Setting(setting.section, wrong.key or setting.key).variable, wrong.what, wrong.hint)
    if kind == "missing":
        where = f"{setting.variable}, or `{setting.key}` under [{setting.section}] in the --config file"
        return Problem(setting.variable, "is missing", f"Set {where}: {field.description}")
    return Problem(setting.variable, f"is not {form(field)}", f"Set it to {form(field)}: {field.description}")


def form(field: FieldInfo) -> str:
    """Return the values that a setting accepts: `a whole number from 1 to 65535`."""
    words = choices(field.annotation)
    if words:
        return f"one of {', '.join(words)}"
    if field.annotation is bool:
        return "true or false"
    if field.annotation in (int, float):
        number = "a whole number" if field.annotation is int else "a number"
        return " ".join([number, *_limits(field)])
    return "a list of names, separated by commas" if "tuple" in str(field.annotation) else "text"


def _limits(field: FieldInfo) -> Iterable[str]:
    limits = {
        name: getattr(entry, name) for entry in field.metadata for name in ("gt", "ge", "le") if hasattr(entry, name)
    }
    if "ge" in limits and "le" in limits:
        yield f"from {limits['ge']} to {limits['le']}"
    elif "gt" in limits:
        yield f"above {limits['gt']}"
        if "le" in limits:
            yield f"and at most {limits['le']}"
    elif "ge" in limits:
        yield f"of at least {limits['ge']}"
