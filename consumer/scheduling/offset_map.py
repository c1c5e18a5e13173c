"""Offsets settled beyond the committed one, encoded in the commit metadata: a crash repeats only the unsettled records.

Format: `c2:` and base64 of the topic id (20 bytes, see `TopicIds`); then, as varints, the committed offset, the leader
epoch plus one, the partition count, the reach as a distance from the committed offset, and the deltas between unsettled
offsets; then a CRC-32 of all that. From the committed offset up to the reach, each offset that is not listed is
settled. `c1:` omits epoch and count. Older workers write it and ignore `c2:`; it is also used where neither is known.

The CRC detects damage, not tampering: a client that may write the metadata may also commit any offset.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Iterable, Iterator
from itertools import accumulate, chain
from operator import sub

from msgspec import Struct
from msgspec.structs import replace

VERSION_1, VERSION_2 = "c1:", "c2:"
LIMIT = 4095  # characters: the broker's default offset.metadata.max.bytes, less the NUL that librdkafka adds
TOPIC_ID_SIZE = 20
UNKNOWN_TOPIC_ID = bytes(TOPIC_ID_SIZE)  # of brokers without topic ids
MAX_OFFSET = 2**63 - 1  # Kafka's offsets are int64
EPOCH_UNKNOWN = -1
COUNT_UNKNOWN = 0
_CRC_SIZE = 4


class OffsetMap(Struct, frozen=True):
    """The claim of one commit.

    topic_id        -- of the offsets' topic: a recreated or mirrored topic has another
    committed       -- the offset that the map was committed with
    reach           -- the first offset that the map does not cover
    unsettled       -- the unsettled offsets from `committed` up to `reach`
    leader_epoch    -- of the newest record that the map covers: a record with a later epoch replaced one that an
                       unclean leader election lost
    partition_count -- of the topic when the group began to consume it: partitions beyond were added later
    """

    topic_id: bytes
    committed: int
    reach: int
    unsettled: frozenset[int]
    leader_epoch: int = EPOCH_UNKNOWN
    partition_count: int = COUNT_UNKNOWN

    def says_settled(self, offset: int, leader_epoch: int | None = None) -> bool:
        """Return whether a record was settled before. `leader_epoch` is the record's; None if unknown."""
        return (
            self.committed <= offset < self.reach and offset not in self.unsettled and not self.is_older(leader_epoch)
        )

    def up_to(self, reach: int) -> OffsetMap:
        """Return the part of the claim that ends at this offset."""
        reach = max(self.committed, min(self.reach, reach))
        return replace(self, reach=reach, unsettled=frozenset(each for each in self.unsettled if each < reach))

    def is_older(self, leader_epoch: int | None) -> bool:
        """Return whether the map was committed before this epoch began."""
        return leader_epoch is not None and EPOCH_UNKNOWN < self.leader_epoch < leader_epoch


def encode(
    topic_id: bytes,
    committed: int,
    reach: int,
    unsettled: Iterable[int],
    limit: int = LIMIT,
    *,
    leader_epoch: int = EPOCH_UNKNOWN,
    partition_count: int = COUNT_UNKNOWN,
) -> str:
    """Return the metadata for a commit.

    Without settled offsets beyond `committed` it carries topic id and partition count only; if both are unknown or
    do not fit, it is empty.

    unsettled -- ascending, from `committed` on and below `reach`. The reach is cut to the first that does not fit.
    limit     -- characters
    """
    reach = max(reach, committed)
    head = topic_id + _varint(committed)
    version = VERSION_1
    if leader_epoch != EPOCH_UNKNOWN or partition_count != COUNT_UNKNOWN:
        version, head = VERSION_2, head + _varint(leader_epoch + 1) + _varint(partition_count)
    available = (limit - len(version)) // 4 * 3 - _CRC_SIZE - len(head)
    fits, deltas = _deltas(committed, reach, list(unsettled), available)
    nothing_known = topic_id == UNKNOWN_TOPIC_ID and partition_count == COUNT_UNKNOWN
    if available < 1 or (fits == committed and nothing_known):
        return ""
    body = head + _varint(fits - committed) + deltas
    return version + base64.b64encode(body + zlib.crc32(body).to_bytes(_CRC_SIZE)).decode("ascii")


def _deltas(committed: int, reach: int, unsettled: list[int], available: int) -> tuple[int, bytes]:
    """Return the reach that fits into the available bytes, and the deltas up to it."""
    gaps = list(map(sub, unsettled, chain((committed,), unsettled)))
    if len(gaps) + _size(reach - committed) <= available and max(gaps, default=0) < 128:
        return reach, bytes(gaps)  # nearly always: hundreds of them are encoded several times a second
    deltas = bytearray()
    last = fits = committed
    size = 0  # of the deltas up to `fits`
    for offset in chain(unsettled, (reach,)):
        if len(deltas) + _size(offset - committed) > available:
            break
        fits, size = offset, len(deltas)
        deltas += _varint(offset - last)
        last = offset
    return fits, bytes(deltas[:size])


def decode(text: str) -> OffsetMap | None:
    """Return the map in commit metadata; None where `encode` cannot have written it. Never raises."""
    version = text[: len(VERSION_1)]
    if version not in (VERSION_1, VERSION_2) or len(text) > LIMIT:
        return None
    try:
        raw = base64.b64decode(text.removeprefix(version), validate=True)
    except (binascii.Error, ValueError):
        return None
    numbers = list(_varints(raw[TOPIC_ID_SIZE:-_CRC_SIZE]))
    if version == VERSION_1:
        numbers[1:1] = [EPOCH_UNKNOWN + 1, COUNT_UNKNOWN]
    if len(numbers) < 4:
        return None
    committed, next_epoch, count, length, *deltas = numbers
    reach, unsettled = committed + length, list(accumulate(deltas, initial=committed))[1:]
    if reach > MAX_OFFSET or any(offset >= reach for offset in unsettled[-1:]):
        return None
    found = OffsetMap(raw[:TOPIC_ID_SIZE], committed, reach, frozenset(unsettled), next_epoch - 1, count)
    return found if _encoded(found) == text else None  # else the CRC does not match


def _encoded(found: OffsetMap) -> str:
    return encode(
        found.topic_id,
        found.committed,
        found.reach,
        sorted(found.unsettled),
        leader_epoch=found.leader_epoch,
        partition_count=found.partition_count,
    )


def _varint(number: int) -> bytes:
    """Encode as LEB128: seven bits a byte, the lowest first."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def _size(number: int) -> int:
    """Return the length of the number's `_varint`, in bytes."""
    return (number.bit_length() + 6) // 7 or 1


def _varints(data: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in data:
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            yield number
            number = shift = 0
