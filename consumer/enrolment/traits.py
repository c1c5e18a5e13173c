"""Find the fields of a contact in one pass over the objects of an event that may hold traits."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import islice
from typing import Any

import msgspec

from consumer.enrolment.consent_answer import Answer, answer
from consumer.enrolment.consent_key import ConsentKey, consent_key
from consumer.enrolment.identity_filter import normalised_name
from consumer.enrolment.phone_country import countries_in, with_country
from consumer.enrolment.text import LONGEST, UNUSUAL_BEGINNINGS, is_broken, is_placeholder, is_unlike_placeholders
from consumer.enrolment.trait_names import (
    ELEMENT_KEYS,
    KNOWN,
    LONGEST_KEY,
    TEXT_RANKS,
    Meaning,
    Shape,
    similar,
    within,
)

Object = dict[str, Any]

TraitSource = tuple[str, Object]
"""An object of the event that may hold traits: its JSON pointer, and its content."""

TraitValue = tuple[int, str, str, str]
"""A text for a field: its order (the lowest counts), the text, the pointer of the object that holds it, its key there.

The text is "" where the value is of a type that can't be text. A plain tuple: a contact takes a dozen of them.
"""

ConsentValue = tuple[ConsentKey, object, str, str]
"""A value about consent: the meaning of its key, the value, the pointer to its object, its key."""

MOST_KEYS = 1_000  # of all places; beyond, only the usual spellings are read
_MOST_KEYS_WITHIN = 50  # of an address
_MOST_OTHERS = 9  # tried where the first is unusable
MOST_ELEMENTS = 10  # of a list
_SEVERAL = frozenset({"email", "phone_number", "address_country"})  # the next is tried where one is unusable
PLACE = 1_000  # more than there are ranks in one place
_PRIMARY = frozenset({"primary", "isprimary", "default", "isdefault", "preferred"})
_SAY_SOMETHING = frozenset({ConsentKey.GRANT, ConsentKey.UNSPECIFIC, ConsentKey.SUBJECT})
_KindOf = Callable[[str, str, object], ConsentKey | None]
_OTHER_PURPOSES = re.compile(r"cookie|push|third|partner|tracking|analytics|privacy|terms|ads?\b", re.IGNORECASE)


class TraitValues(msgspec.Struct, gc=False):
    """The values of an event for each field (and for `name`).

    values   -- the first non-empty text; a value of a wrong type does not hide a later one
    others   -- further texts of the fields in `_SEVERAL`
    consents -- values about consent
    broken   -- fields with an unreadable value
    keys     -- how many were looked at, in all places and the objects inside them
    """

    values: dict[str, TraitValue] = msgspec.field(default_factory=dict)
    others: dict[str, list[TraitValue]] = msgspec.field(default_factory=dict)
    consents: list[ConsentValue] = msgspec.field(default_factory=list)
    broken: set[str] = msgspec.field(default_factory=set)
    keys: int = 0

    def all_of(self, field: str) -> Sequence[TraitValue]:
        """Return all texts to try for a field, in order of precedence."""
        value = self.values.get(field)
        if value is None:
            return ()
        return (value, *sorted(self.others[field])[:_MOST_OTHERS]) if field in self.others else (value,)


def find_all(places: Iterable[TraitSource]) -> TraitValues:
    """Return the values of all places for each field."""
    found = TraitValues()
    order = 0
    for pointer, values in places:
        found.keys += len(values)
        if found.keys <= MOST_KEYS:
            _find_in(found, values, order, pointer)
        else:
            _find_known(found, values, order, pointer)
        order += PLACE
    return found


def _find_in(found: TraitValues, values: Object, order: int, pointer: str) -> None:
    """Find the values of one object. The common case is a clean text, the first one for its field."""
    taken, rank_of = found.values, TEXT_RANKS.get
    for key, value in values.items():
        ranked = rank_of(key)
        if ranked is not None and isinstance(value, str) and value:
            rank, field = ranked
            if (
                (value[0] not in UNUSUAL_BEGINNINGS or is_unlike_placeholders(value))
                and len(value) <= LONGEST
                and value.isprintable()
                and field not in taken
            ):
                taken[field] = (order + rank, value.rstrip(), pointer, key)
                continue
        meaning = KNOWN.get(key) or (similar(key) if len(key) <= LONGEST_KEY else None)
        if meaning is not None:
            take(found, value, meaning, order, pointer, key)
        elif isinstance(value, dict):
            _look_inside(found, value, f"{pointer}/{key}", _of_another_subject, 4)


def _find_known(found: TraitValues, values: Object, order: int, pointer: str) -> None:
    """Find the values under the usual spellings. A refusal may have another key, so consent is unreadable."""
    for key in KNOWN.keys() & values.keys():
        take(found, values[key], KNOWN[key], order, pointer, key)
    found.consents.append((ConsentKey.GRANT, values, pointer, "*"))


def take(found: TraitValues, value: object, meaning: Meaning, order: int, pointer: str, key: str) -> None:
    """Add a value under the meaning of its key."""
    rank, field, read, shape, consent = meaning
    if consent is not None:
        holds = False
        if isinstance(value, dict) and consent is not ConsentKey.REFUSAL:
            holds = _look_inside(found, value, f"{pointer}/{key}", partial(_of_consent, len(pointer) + 1), 3)
        if not holds or consent is ConsentKey.GRANT:
            found.consents.append((consent, value, pointer, key))
        return
    if shape is not None and isinstance(value, (dict, list)):
        _take_shaped(found, value, meaning, order, f"{pointer}/{key}")
        return
    text = read(value)
    if text and is_placeholder(text):
        return
    if text == "" or not field:
        return
    if text is None and is_broken(value):
        found.broken.add(field)
    trait = (order + rank, text or "", pointer, key)
    before = found.values.get(field)
    if before is None:
        found.values[field] = trait
    else:
        _add_to(found, field, before, trait)


def _look_inside(found: TraitValues, values: Object, pointer: str, kind_of: _KindOf, depth: int) -> bool:
    """Find the keys of consent inside an object. Return whether it has any.

    A yes in there does not count: objects differ in what it is a yes to. Of very many keys, not all are looked at, and
    consent is unreadable.

    kind_of -- returns the meaning of a key: by the pointer to its object, the key and its value
    depth   -- how many levels to look at
    """
    before = len(found.consents)
    found.keys += min(len(values), _MOST_KEYS_WITHIN)
    if found.keys > MOST_KEYS:
        found.consents.append((ConsentKey.ELSEWHERE, values, pointer, "*"))
        return True
    for key, value in islice(values.items(), _MOST_KEYS_WITHIN):
        below = depth > 1 and isinstance(value, dict)
        if below and _look_inside(found, value, f"{pointer}/{key}", kind_of, depth - 1):
            continue
        kind = kind_of(pointer, key, value)
        if kind is not None and value is not None:
            found.consents.append((kind, value, pointer, key))
    return len(found.consents) > before


def _of_consent(start: int, pointer: str, key: str, value: object) -> ConsentKey | None:
    """Return the meaning of a key inside an object under a key of consent: of `consent.marketing` as a whole.

    Else that of its ends (`marketing.channels.sms`). A word of refusal counts under any key.

    start -- where the key of consent begins in the pointer
    """
    around = pointer[start:]
    kind = consent_key(f"{around}_{key}".replace("/", "_"))
    if kind is None and "/" in around:
        kind = consent_key(f"{around.partition('/')[0]}_{key}")
    if kind is None and answer(value) is Answer.REFUSED:
        return ConsentKey.STATUS
    return ConsentKey.UNSPECIFIC if kind is ConsentKey.GRANT else kind


def _of_another_subject(pointer: str, key: str, value: object) -> ConsentKey | None:
    """Return the meaning of a key inside any other object: a refusal in there must not become a yes of the context.

    A consent to cookies, or given to others, is none of these.
    """
    if isinstance(value, dict) or _OTHER_PURPOSES.search(pointer):
        return None
    meaning = similar(key) if len(key) <= LONGEST_KEY else None
    about_consent = meaning is not None and meaning.consent in _SAY_SOMETHING
    return ConsentKey.ELSEWHERE if about_consent else None


def _add_to(found: TraitValues, field: str, before: TraitValue, trait: TraitValue) -> None:
    """Add a further value for a field."""
    first, second = before, trait
    if (trait[1] and not before[1]) or (bool(trait[1]) == bool(before[1]) and trait[0] < before[0]):
        first, second = trait, before
    found.values[field] = first
    if field in _SEVERAL:
        found.others.setdefault(field, []).append(second)


def _take_shaped(found: TraitValues, value: object, meaning: Meaning, order: int, pointer: str) -> None:
    """Add the values of an object or a list: an address, a company, a name, or several values."""
    if meaning.shape is Shape.VALUES:
        before = len(found.others.get(meaning.field, ())) + (meaning.field in found.values)
        for offset, (number, element) in enumerate(_primary_first(value)):
            ranked = meaning._replace(rank=meaning.rank + offset, shape=None)
            if isinstance(element, dict):
                _take_element(found, element, ranked, order, pointer if value is element else f"{pointer}/{number}")
            else:
                take(found, element, ranked, order, pointer, str(number))
        if value and before == len(found.others.get(meaning.field, ())) + (meaning.field in found.values):
            holder, _, key = pointer.rpartition("/")
            take(found, value, meaning._replace(shape=None), order, holder, key)
    elif isinstance(value, dict):
        _take_object(found, value, meaning.shape, order, pointer)
    else:
        for number, element in _primary_first(value)[:1]:
            if isinstance(element, dict):
                _take_object(found, element, meaning.shape, order, f"{pointer}/{number}")
            elif meaning.shape is Shape.COUNTRY:
                take(found, element, meaning._replace(shape=None), order, pointer, str(number))


def _take_element(found: TraitValues, element: Object, meaning: Meaning, order: int, pointer: str) -> None:
    """Add the emails or phones of one element: `value` may hold the number, or the kind of number."""
    if meaning.field == "phone_number" and any(_is_fax(element.get(key)) for key in ("type", "label", "kind")):
        return
    of_phone = meaning.field == "phone_number"
    countries = countries_in(islice(element.items(), _MOST_KEYS_WITHIN)) if of_phone else ()
    for key in ELEMENT_KEYS:
        if isinstance(held := element.get(key), (str, int, float)) and held != "":
            take(found, with_country(held, countries) if countries else held, meaning, order, pointer, key)


def _is_fax(kind: object) -> bool:
    return isinstance(kind, str) and "fax" in kind.lower()


def _take_object(found: TraitValues, value: Object, shape: Shape | None, order: int, pointer: str) -> None:
    for key, held in islice(value.items(), _MOST_KEYS_WITHIN):
        known = within(shape, key)
        if known is not None:
            take(found, held, known, order, pointer, key)


def _primary_first(value: object) -> list[tuple[int, Any]]:
    """Return the elements of a list with their numbers, the primary one first; an object is the only one."""
    elements = list(enumerate(islice(value, MOST_ELEMENTS))) if isinstance(value, list) else [(0, value)]
    return sorted(elements, key=lambda each: not _is_primary(each[1]))


def _is_primary(element: object) -> bool:
    if not isinstance(element, dict):
        return False
    marks = (value for key, value in islice(element.items(), _MOST_KEYS_WITHIN) if normalised_name(key) in _PRIMARY)
    return any(answer(mark) is Answer.YES for mark in marks)
