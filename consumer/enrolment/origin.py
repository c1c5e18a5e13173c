"""The origin of a contact's field."""

from __future__ import annotations

from typing import NamedTuple


class FieldOrigin(NamedTuple):
    """The place in the event that a field of the contact was read from."""

    field: str
    place: str  # JSON pointer to the object that holds it; "" is the event itself
    key: str  # its key, or two with a slash between: never text of the event

    @property
    def pointer(self) -> str:
        """Return the JSON pointer (RFC 6901) from the event to the value."""
        return f"{self.place}/{self.key}"
