"""Where a field of the contact came from."""

from __future__ import annotations

from typing import NamedTuple


class FieldOrigin(NamedTuple):
    """The place in the event that a field of the contact was taken from."""

    field: str
    place: str  # JSON pointer to the object it was found in; "" is the event itself
    key: str  # the key in there, or two with a slash between: never text of the event's own

    @property
    def pointer(self) -> str:
        """JSON pointer (RFC 6901) from the event to the value."""
        return f"{self.place}/{self.key}"
