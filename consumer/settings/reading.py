"""Read a section from values as given, and find every problem: none of them shows the value."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from msgspec import Meta, ValidationError, convert

from consumer.errors import ConfigurationError, Problem
from consumer.settings.field import Checked, EachChecked, Earlier, Field, Fits, Reads, fields_of
from consumer.settings.section import Section
from consumer.settings.sources import Setting
from consumer.settings.values import Secret, SettingError, encodable, header_text

S = TypeVar("S", bound=Section)

_BOOLEANS = {
    **dict.fromkeys(("true", "t", "yes", "y", "on", "1"), True),
    **dict.fromkeys(("false", "f", "no", "n", "off", "0"), False),
}
_WHOLE = re.compile(r"([+-]?\d+(?:_\d+)*)(?:\.0+)?", re.ASCII)


def read_section(section: type[S], given: Mapping[str, object]) -> S:
    """Return a section with these values, and defaults for the others.

    given -- by key; text is stripped, and words are taken in any case

    Raises ConfigurationError with every problem.
    """
    valid: dict[str, object] = {}
    problems: list[Problem] = []
    for key, field in fields_of(section).items():
        setting = Setting(section.__name__.lower(), key)
        if field.is_required and key not in given:
            problems.append(_missing(setting, field))
            continue
        try:
            valid[key] = _read(field, given.get(key, field.default), valid)
        except* SettingError as wrong:
            problems += [_refused(setting, each) for each in wrong.exceptions if isinstance(each, SettingError)]
        except* (ValidationError, ValueError, OverflowError):
            problems.append(_not_of_its_form(setting, field))
    if problems:
        raise ConfigurationError(*dict.fromkeys(problems))
    return section(**valid, given=frozenset(given))


def _read(field: Field, value: Any, earlier: Earlier) -> Any:
    """Return the value in its type. Raises SettingError, several as a group; another error where it has none."""
    if value is not None or not field.is_optional:
        value = _tidied(field, value)
        for read in field.functions(Reads):
            value = read(value)
        value = convert(_parsed(field, value), field.limited_type, dec_hook=_secret)
        for check in field.functions(EachChecked):
            value = _each_checked(check, value)
        for check in field.functions(Checked):
            value = check(value)
    for check in field.functions(Fits):
        value = check(value, earlier)
    return value


def _tidied(field: Field, value: object) -> object:
    if isinstance(value, bool) and field.type is not bool:
        raise SettingError("is a boolean, but another type is expected", field.description)
    if not isinstance(value, str):
        return value
    text = encodable(value.strip())
    if not field.functions(Reads):
        header_text(text)
    words = {word.lower(): word for word in field.choices}
    return words.get(text.lower(), text)


def _parsed(field: Field, value: object) -> object:
    """Return the number or truth value that a value says; the value itself where it says none."""
    match value:
        case str() if value.isascii():
            return _parsed_text(field, value)
        case float() if field.type is int and value.is_integer():
            return int(value)
        case 0 | 1 if field.type is bool:
            return bool(value)
        case _:
            return value


def _parsed_text(field: Field, text: str) -> object:
    if field.type is bool:
        return _BOOLEANS.get(text.lower(), text)
    try:
        if field.type is int and (whole := _WHOLE.fullmatch(text)):
            return int(whole[1])
        if field.type is float and math.isfinite(number := float(text)):
            return number
    except ValueError:  # no number, or one of thousands of digits
        pass
    return text


def _secret(kind: type, value: object) -> object:
    if kind is not Secret or not isinstance(value, str):
        raise TypeError("not a text")
    return Secret(value)


def _each_checked(check: Callable[[object], object], parts: tuple[object, ...]) -> tuple[object, ...]:
    checked, wrong = [], []
    for part in parts:
        try:
            checked.append(check(part))
        except SettingError as error:
            wrong.append(error)
    if wrong:
        raise ExceptionGroup("parts of a list", wrong)
    return tuple(checked)


def _refused(setting: Setting, wrong: SettingError) -> Problem:
    return Problem(Setting(setting.section, wrong.key or setting.key).variable, wrong.what, wrong.hint)


def _not_of_its_form(setting: Setting, field: Field) -> Problem:
    return Problem(setting.variable, f"is not {form(field)}", f"Set it to {form(field)}: {field.description}")


def _missing(setting: Setting, field: Field) -> Problem:
    where = f"{setting.variable}, or `{setting.key}` under [{setting.section}] in the --config file"
    return Problem(setting.variable, "is missing", f"Set {where}: {field.description}")


def form(field: Field) -> str:
    """Return the values that a setting accepts: `a whole number from 1 to 65535`."""
    if field.choices:
        return f"one of {', '.join(field.choices)}"
    if field.type is bool:
        return "true or false"
    if field.type in (int, float):
        number = "a whole number" if field.type is int else "a number"
        return " ".join([number, *_limits(field)])
    return "a list of names, separated by commas" if "tuple" in str(field.type) else "text"


def _limits(field: Field) -> Iterable[str]:
    limits = {
        name: getattr(each, name)
        for each in field.markers
        for name in ("gt", "ge", "le")
        if isinstance(each, Meta) and getattr(each, name) is not None
    }
    if "ge" in limits and "le" in limits:
        yield f"from {limits['ge']} to {limits['le']}"
    elif "gt" in limits:
        yield f"above {limits['gt']}"
        if "le" in limits:
            yield f"and at most {limits['le']}"
    elif "ge" in limits:
        yield f"of at least {limits['ge']}"
