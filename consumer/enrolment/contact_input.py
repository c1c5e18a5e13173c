"""Records that are contacts already, under ClickSend's own names: what `ENROLMENT_INPUT=contact` reads."""

from __future__ import annotations

from consumer.enrolment.contact import Contact
from consumer.enrolment.custom_mapping import CustomMapping
from consumer.enrolment.recognition import is_event
from consumer.enrolment.traits import Object

_FIELDS = tuple(Contact.__struct_fields__)


def is_contact(document: object, custom: CustomMapping | None) -> bool:
    """Return whether the document has one of ClickSend's fields, or a value at one of the custom pointers.

    Neither an event nor a CloudEvent is a contact, whatever else they hold.
    """
    if not isinstance(document, dict) or document.get("specversion") is not None or is_event(document):
        return False
    return any(field in document for field in _FIELDS) or (custom is not None and custom.finds(document))


def own_fields(contact: Object) -> Object:
    """Return the fields of ClickSend's that the record has. Other keys are the producer's own."""
    return {field: contact[field] for field in _FIELDS if field in contact}
