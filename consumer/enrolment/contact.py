"""The contact that ClickSend receives."""

from __future__ import annotations

from operator import attrgetter

from msgspec import Struct


class Contact(Struct, frozen=True):
    """A contact with normalised values (`schemas/contact.schema.json`); None where the event has no value.

    The order of the fields is the order of the payload.
    """

    email: str | None = None
    phone_number: str | None = None
    fax_number: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    organization_name: str | None = None
    address_line_1: str | None = None
    address_line_2: str | None = None
    address_city: str | None = None
    address_state: str | None = None
    address_postal_code: str | None = None
    address_country: str | None = None
    custom_1: str = "marketing_unknown"
    custom_2: str | None = None
    custom_3: str | None = None
    custom_4: str | None = None

    def fields(self) -> dict[str, str]:
        """Return the present fields by ClickSend's names: an absent one must not blank out the known value."""
        return {name: value for name, value in zip(_NAMES, _VALUES(self), strict=True) if value is not None}


_NAMES = Contact.__struct_fields__
_VALUES = attrgetter(*_NAMES)  # one call for all fields: each contact is read twice
