"""The contacts of the stand-in, and its treatment of duplicates. No I/O, no clock."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING

from consumer.sandbox.call import IDENTITIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FIELDS = (
    "phone_number",
    "email",
    "fax_number",
    "first_name",
    "last_name",
    "organization_name",
    "address_line_1",
    "address_line_2",
    "address_city",
    "address_state",
    "address_postal_code",
    "address_country",
    "custom_1",
    "custom_2",
    "custom_3",
    "custom_4",
)
"""Every field of a ClickSend contact (developers.clicksend.com, contacts)."""


class DuplicateContacts(StrEnum):
    """The treatment of a contact whose email or phone is already in the list. Public sources report all three."""

    UPSERT = "upsert"
    SECOND_ROW = "second_row"
    ALREADY_EXISTS = "already_exists"


class Stored(StrEnum):
    """The result of storing a contact."""

    CREATED = "created"
    UPDATED = "updated"
    ALREADY_EXISTS = "already_exists"  # the older contact is unchanged


@dataclass(frozen=True, slots=True)
class StoredContact:
    """A contact as the list holds it.

    fields -- the given ones, by ClickSend's names
    added_at, updated_at -- seconds since the epoch
    received -- how many requests carried this contact
    revision -- increases with each change in the store: `recent` finds new contacts by it
    """

    contact_id: int
    list_id: int
    fields: Mapping[str, str]
    added_at: float
    updated_at: float
    received: int
    revision: int


class Store:
    """Contact lists in memory.

    limit -- the number of contacts kept; those unchanged for longest are evicted, and counted
    """

    def __init__(self, list_ids: Iterable[int], duplicates: DuplicateContacts, limit: int) -> None:
        self.duplicates = duplicates
        self.revision = 0
        self.forgotten = 0
        self._limit = limit
        self._next_id = 1
        self._contacts: OrderedDict[int, StoredContact] = OrderedDict()  # in the order of their last change
        self._by_identity: dict[tuple[int, str], int] = {}  # (list, email, phone or fax) -> contact id
        self._sizes = dict.fromkeys(list_ids, 0)

    def __len__(self) -> int:
        return len(self._contacts)

    @property
    def list_ids(self) -> tuple[int, ...]:
        return tuple(self._sizes)

    def size(self, list_id: int) -> int:
        """Return the number of contacts in the list."""
        return self._sizes[list_id]

    def add(self, list_id: int, fields: Mapping[str, str], now: float) -> tuple[Stored, StoredContact]:
        """Add a contact, or treat it as a duplicate. The list must exist."""
        known = None if self.duplicates is DuplicateContacts.SECOND_ROW else self._find(list_id, fields)
        if known is None:
            contact = StoredContact(self._next_id, list_id, fields, now, now, 1, self._next_revision())
            self._next_id += 1
            self._insert(contact)
            return Stored.CREATED, contact
        if self.duplicates is DuplicateContacts.ALREADY_EXISTS:
            return Stored.ALREADY_EXISTS, self._change(known, {}, known.updated_at)
        return Stored.UPDATED, self._change(known, fields, now)

    def update(self, list_id: int, contact_id: int, fields: Mapping[str, str], now: float) -> StoredContact | None:
        """Overwrite the given fields of one contact; None if the list has no such contact."""
        known = self._contacts.get(contact_id)
        if known is None or known.list_id != list_id:
            return None
        return self._change(known, fields, now)

    def page(self, list_id: int, offset: int, count: int) -> list[StoredContact]:
        """Return a list's contacts in the order in which they were added."""
        of_list = (contact for contact in self._contacts.values() if contact.list_id == list_id)
        return sorted(of_list, key=lambda contact: contact.contact_id)[offset : offset + count]

    def recent(self, after: int, count: int) -> list[StoredContact]:
        """Return at most `count` contacts that changed after the revision `after`, the newest first."""
        newest = islice(reversed(self._contacts.values()), count)
        return [contact for contact in newest if contact.revision > after]

    def _find(self, list_id: int, fields: Mapping[str, str]) -> StoredContact | None:
        for name in IDENTITIES:
            value = fields.get(name)
            if value and (contact_id := self._by_identity.get((list_id, value.lower()))):
                return self._contacts[contact_id]
        return None

    def _change(self, known: StoredContact, fields: Mapping[str, str], now: float) -> StoredContact:
        """Move the changed contact to the end of the order."""
        merged = {**known.fields, **fields}
        contact = StoredContact(
            known.contact_id,
            known.list_id,
            merged,
            known.added_at,
            now,
            known.received + 1,
            self._next_revision(),
        )
        self._remove(known)
        self._insert(contact)
        return contact

    def _next_revision(self) -> int:
        self.revision += 1
        return self.revision

    def _insert(self, contact: StoredContact) -> None:
        self._contacts[contact.contact_id] = contact
        self._sizes[contact.list_id] += 1
        for name in IDENTITIES:
            if value := contact.fields.get(name):
                self._by_identity.setdefault((contact.list_id, value.lower()), contact.contact_id)
        if len(self._contacts) > self._limit:
            self._remove(next(iter(self._contacts.values())))
            self.forgotten += 1

    def _remove(self, contact: StoredContact) -> None:
        del self._contacts[contact.contact_id]
        self._sizes[contact.list_id] -= 1
        for name in IDENTITIES:
            key = (contact.list_id, contact.fields.get(name, "").lower())
            if self._by_identity.get(key) == contact.contact_id:
                del self._by_identity[key]
