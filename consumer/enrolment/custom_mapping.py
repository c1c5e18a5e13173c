"""The operator's own mapping: pointers for fields of the contact, and traits that hold the consent. Compiled once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

from consumer.enrolment.consent import FIELD, ConsentReading, ConsentTrait, explicit_consent
from consumer.enrolment.consent_answer import Answer, answer
from consumer.enrolment.consent_key import ConsentKey, consent_key
from consumer.enrolment.origin import FieldOrigin
from consumer.enrolment.pointer import Pointer
from consumer.enrolment.trait_names import LONGEST_KEY, NAMED, Meaning, Shape, plain_key
from consumer.enrolment.traits import MOST_KEYS, PLACE, TraitSource, TraitValues, take


class NamedPlace(NamedTuple):
    """A pointer that the operator names for a field.

    order   -- before every built-in name; of a field's pointers the first has the lowest
    meaning -- the field, and how its values are read
    """

    pointer: Pointer
    order: int
    meaning: Meaning
    place: str
    key: str


class CustomMapping(Struct, frozen=True):
    """The compiled ENROLMENT_FIELDS and ENROLMENT_CONSENT_TRAITS. Create it with `of`.

    places   -- pointers into the event, of all fields
    names    -- traits that hold the consent: how a value is understood, by the name as it is given
    consents -- the same by the normalised name
    """

    places: tuple[NamedPlace, ...]
    names: Mapping[str, ConsentKey]
    consents: Mapping[str, ConsentKey]

    @classmethod
    def of(cls, fields: Mapping[str, Sequence[str]], consent_traits: Iterable[str]) -> CustomMapping | None:
        """Compile the settings; None where nothing is named.

        Raises ValueError for an invalid pointer, KeyError for a field that may not be mapped.
        """
        places = tuple(place for field, pointers in fields.items() for place in _compiled(field, pointers))
        names = {name: _understood(name) for name in consent_traits}
        consents = {plain_key(name): kind for name, kind in names.items()}
        return cls(places, names, consents) if places or names else None

    def add_fields(self, found: TraitValues, event: object) -> None:
        """Add the values at the named pointers; they come before those under built-in names."""
        for pointer, order, meaning, place, key in self.places:
            value = pointer.find(event)
            if value is None:
                continue
            if meaning.shape is Shape.VALUES and not isinstance(value, list):
                meaning = meaning._replace(shape=None)  # noqa: PLW2901 -- an object is no list of emails: unusable
            take(found, value, meaning, order, place, key)

    def finds(self, document: object) -> bool:
        """Return whether one of the named pointers leads to a value in this document."""
        return any(place.pointer.find(document) is not None for place in self.places)

    def consent(self, sources: Iterable[TraitSource], found: TraitValues) -> ConsentReading | None:
        """Return the consent of the named traits; None if none of them states one.

        found -- what was found under built-in names. Of very many keys not all are looked at, and consent can't be
                 read; a refusal counts nevertheless, under a built-in name, too
        """
        traits: list[ConsentTrait] = []
        seen = 0
        for place, values in sources if self.consents else ():
            seen += len(values)
            if seen > MOST_KEYS:
                traits += (
                    _trait(kind, values[name], place, name) for name, kind in self.names.items() if name in values
                )
                traits += (_trait(*built_in) for built_in in found.consents)
                return explicit_consent([*traits, _trait(ConsentKey.GRANT, values, place, "*")])
            for key, value in values.items():
                kind = self.consents.get(plain_key(key)) if len(key) <= LONGEST_KEY else None
                if kind is not None:
                    traits += _traits(kind, value, place, key)
        return explicit_consent(traits)


def _traits(kind: ConsentKey, value: object, place: str, key: str) -> Iterator[ConsentTrait]:
    """Yield what a named trait says. A refusal inside an object counts, as in one with a built-in name."""
    found = TraitValues()
    take(found, value, Meaning(0, FIELD, consent=kind), 0, place, key)
    return (_trait(*each) for each in found.consents)


def _trait(kind: ConsentKey, value: object, place: str, key: str) -> ConsentTrait:
    return ConsentTrait(kind, value, FieldOrigin(FIELD, place, key))


def _compiled(field: str, pointers: Sequence[str]) -> Iterator[NamedPlace]:
    meaning = NAMED[field]
    for number, text in enumerate(pointers):
        place, _, key = text.rpartition("/")
        yield NamedPlace(Pointer.parse(text), (number - len(pointers)) * PLACE, meaning, place, key)


def _understood(name: str) -> ConsentKey:
    """Understand a yes as a consent, unless the name itself is one of refusal (`do_not_text`, `blocked`)."""
    refuses = consent_key(name.removeprefix("$")) is ConsentKey.REFUSAL or answer(name) is Answer.REFUSED
    return ConsentKey.REFUSAL if refuses else ConsentKey.GRANT
