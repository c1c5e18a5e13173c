"""Check `ENROLMENT_FIELDS` and `ENROLMENT_CONSENT_TRAITS`. Errors name the wrong entry, never its pointers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from consumer.enrolment.consent import FIELD
from consumer.enrolment.identity_filter import normalised_name
from consumer.enrolment.pointer import Pointer
from consumer.enrolment.trait_names import LONGEST_KEY, NAMED
from consumer.mask import printable
from consumer.settings.nearest import nearest
from consumer.settings.values import SettingError, encodable

MOST_POINTERS = 10  # of a field
_EXAMPLE = 'Write it like {"custom_2": "/traits/loyalty_tier"}'
_POINTER = "begin with a slash, as in /traits/tier; write ~ as ~0 and / in a name as ~1"


def contact_fields(value: object) -> dict[str, tuple[str, ...]]:
    """Return the pointers of each contact field from a JSON object or a table: one pointer, or several in order.

    A pointer that is given twice for a field counts once.
    """
    given = _object(value) if isinstance(value, str) else value
    if not isinstance(given, Mapping):
        raise SettingError("is not a JSON object of contact fields and JSON pointers", _EXAMPLE)
    wrong = [f"{printable(field)}: {fault}" for field, entry in given.items() for fault in _faults(field, entry)]
    if wrong:
        raise SettingError("has entries that can't be used", "; ".join(wrong))
    return {str(field): tuple(dict.fromkeys(map(str, _pointers(entry)))) for field, entry in given.items()}


def trait_name(name: str) -> str:
    """Return the name of a trait that holds the consent."""
    if name.startswith("/"):
        raise SettingError("holds a JSON pointer", "Give names of traits, separated by commas: sms_consent,newsletter")
    if not normalised_name(name.removeprefix("$")) or len(name) > LONGEST_KEY:
        raise SettingError("holds what can't be the name of a trait", f"Give names of 1 to {LONGEST_KEY} characters")
    return name


def _object(text: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as error:
        if isinstance(error, SettingError):
            raise
        return None


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise SettingError("names a field twice", "Give a field's pointers as one list, the best first")
    return found


def _pointers(entry: object) -> list[object]:
    return list(entry) if isinstance(entry, list | tuple) else [entry]


def _faults(field: str, entry: object) -> Iterator[str]:
    """Yield what is wrong with one field: all of it."""
    if field == FIELD:
        yield "leave it out, it holds the consent; ENROLMENT_CONSENT_TRAITS names traits for it"
    elif field not in NAMED:
        meant = nearest(field, NAMED)
        yield f"no contact field; did you mean {meant}?" if meant else f"no contact field; there are {', '.join(NAMED)}"
    pointers = _pointers(entry)
    if not pointers or not all(isinstance(pointer, str) for pointer in pointers):
        yield "give a JSON pointer, or a list of them"
        return
    if len(pointers) > MOST_POINTERS:
        yield f"give at most {MOST_POINTERS} pointers"
    faults = dict.fromkeys(fault for pointer in pointers if (fault := _fault_of(str(pointer))))
    yield from faults


def _fault_of(pointer: str) -> str | None:
    if not pointer:
        return "an empty pointer is the whole event; name a place inside it"
    try:
        Pointer.parse(encodable(pointer))
    except SettingError as error:
        return f"a pointer {error.what}"
    except ValueError:  # which SettingError is, too
        return f"not a JSON pointer; {_POINTER}"
    return None
