"""DELIVERY_DEDUPLICATE: what was last delivered for each identity, so that its equal needs no request."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Iterable
from hashlib import blake2b


class Duplicates:
    """Remembers the last delivered payload of so many identities; the ones that were not asked about for the longest
    time go first. Kept are keyed hashes only, under a key of this process: no identity can be read from them.

    What ClickSend holds is known after a plain delivery and only then. So an identity is forgotten as its request goes
    out and remembered when that was delivered: a timeout, a reset, a 5xx, a rejection, an ALREADY_EXISTS (the older
    contact may have been kept) and an answer after a revoke all leave it forgotten, and none of them needs a case. Nor
    does a record that was attempted before: it is never known. A request that has ended is taken to be through.

    To be asked when a record is about to go out and nothing of its identities is under way: earlier, what is delivered
    in between is not known yet.

    What other workers deliver is not seen. Everything is forgotten when partitions come or go, but while a contact's
    records stand in the partitions of two workers, neither knows what the other has delivered in between.

    No lock, no I/O, no clock: its owner guards it. With a `limit` of 0 it costs nothing.

    limit -- identities remembered: two for a contact with an email and a phone number
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._key = secrets.token_bytes(32)
        self._payloads: OrderedDict[bytes, bytes] = OrderedDict()  # by identity, both hashed; the next to go first

    def __len__(self) -> int:
        """Count the identities that are remembered."""
        return len(self._payloads)

    def known(self, identities: Iterable[str], payload: bytes) -> bool:
        """Whether this payload is what was last delivered for each of the identities."""
        if not self._payloads:
            return False
        names, told = [self._hash(identity.encode()) for identity in identities], self._hash(payload)
        known = bool(names) and all(self._payloads.get(name) == told for name in names)
        if known:
            for name in names:
                self._payloads.move_to_end(name)
        return known

    def remember(self, identities: Iterable[str], payload: bytes) -> None:
        """The payload was delivered for these identities: ClickSend answered so, plainly."""
        if not self._limit:
            return
        told = self._hash(payload)
        for identity in identities:
            name = self._hash(identity.encode())
            self._payloads[name] = told
            self._payloads.move_to_end(name)
        while len(self._payloads) > self._limit:
            self._payloads.popitem(last=False)

    def forget(self, identities: Iterable[str]) -> None:
        """A request for these identities goes out: until it is delivered, nobody knows what ClickSend holds."""
        if self._payloads:
            for identity in identities:
                self._payloads.pop(self._hash(identity.encode()), None)

    def forget_all(self) -> None:
        """Other workers may deliver, or may have delivered, something else."""
        self._payloads.clear()

    def _hash(self, data: bytes) -> bytes:
        return blake2b(data, digest_size=16, key=self._key).digest()
