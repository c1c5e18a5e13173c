"""Settings as text: as an operator writes them, secrets masked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import get_origin

from consumer.settings.section import Section, is_secret

MASK = "********"


def shown(section: Section, key: str) -> str | None:
    """Return the value of a setting, checked or unchecked; None where it has none."""
    value = getattr(section, key, None)
    field = type(section).model_fields[key]
    properties_unread = get_origin(field.annotation) is dict and isinstance(value, str)
    return MASK if value is not None and (is_secret(field) or properties_unread) else text(value)


def text(value: object) -> str | None:
    """Return a value as written in the environment, None for none.

    The values of properties may be secrets: mask them. Pointers, which are tuples, are not.
    """
    match value:
        case None | "" | ():
            return None
        case bool():
            return str(value).lower()
        case float():
            return str(value).removesuffix(".0")
        case tuple() | list():
            return ",".join(str(part) for part in value)
        case Mapping():
            return json.dumps({name: _pointers(held) for name, held in value.items()})
        case _:
            return str(value)


def _pointers(held: object) -> object:
    if not isinstance(held, tuple):
        return MASK
    return held[0] if len(held) == 1 else held
