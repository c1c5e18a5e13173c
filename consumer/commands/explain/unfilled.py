"""Pointers of the operator's own mapping that gave no value: a misspelt one is seen beside the event it misses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from consumer.enrolment.pointer import Pointer

Fields = Mapping[str, Sequence[str]]


def unfilled_fields(event: object, fields: Fields, origins: Mapping[str, str]) -> Iterator[str]:
    """Yield a remark for each field of which no named pointer gave the value.

    fields  -- ENROLMENT_FIELDS
    origins -- where each field of the contact came from
    """
    for field, pointers in fields.items():
        origin = origins.get(field, "")
        if any(origin == pointer or origin.startswith(f"{pointer}/") for pointer in pointers):
            continue
        unusable = [pointer for pointer in pointers if Pointer.parse(pointer).find(event) is not None]
        if unusable:
            yield f"{field}: no usable value at {', '.join(unusable)}"
        else:
            yield f"{field}: nothing at {', '.join(pointers)}"
