"""DELIVERY_DEDUPLICATE: the last payload delivered for each identity; an equal one needs no request."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Iterable
from hashlib import blake2b


class Duplicates:
    """An LRU cache of the last delivered payload by identity. It stores hashes only, under a key of this process.

    ClickSend's state is known only after a plain delivery. So an identity is forgotten when its request is sent and
    remembered when that is delivered. Every other outcome leaves it forgotten: timeout, reset, 5xx, rejection,
    ALREADY_EXISTS (ClickSend may have kept the older contact), and a response after a revoke.

    Ask when a record is about to be sent and no request of its identities is in flight: before, an earlier record of
    the same contact may still change the answer.

    Deliveries of other workers are unknown. Every rebalance clears the cache, but if the records of one contact are in
    partitions of two workers, neither sees the other's deliveries.

    No lock, no I/O, no clock: its owner guards it.

    limit -- identities remembered, two for a contact with an email and a phone number; 0: off

    is_on -- whether any are remembered
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.is_on = limit > 0
        self._key = secrets.token_bytes(32)
        self._payloads: OrderedDict[bytes, bytes] = OrderedDict()  # by identity, both hashed; least recently used first

    def __len__(self) -> int:
        """Return the number of identities that are remembered."""
        return len(self._payloads)

    def known(self, identities: Iterable[str], payload: bytes) -> bool:
        """Return whether this payload was the last one delivered for each of the identities."""
        if not self._payloads:
            return False
        keys, digest = [self._hash(identity.encode()) for identity in identities], self._hash(payload)
        known = bool(keys) and all(self._payloads.get(key) == digest for key in keys)
        if known:
            for key in keys:
                self._payloads.move_to_end(key)
        return known

    def remember(self, identities: Iterable[str], payload: bytes) -> None:
        """Remember a payload that ClickSend accepted for these identities."""
        digest = self._hash(payload)
        for identity in identities:
            key = self._hash(identity.encode())
            self._payloads[key] = digest
            self._payloads.move_to_end(key)
        while len(self._payloads) > self._limit:
            self._payloads.popitem(last=False)

    def forget(self, identities: Iterable[str]) -> None:
        """Forget these identities while a request for them is in flight."""
        if self._payloads:
            for identity in identities:
                self._payloads.pop(self._hash(identity.encode()), None)

    def forget_all(self) -> None:
        """Forget everything: after a rebalance, other workers may deliver for the same identities."""
        self._payloads.clear()

    def _hash(self, data: bytes) -> bytes:
        return blake2b(data, digest_size=16, key=self._key).digest()
