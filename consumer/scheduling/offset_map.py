"""What is settled beyond the committed offset, written into the commit's metadata: a crash repeats only the rest.

The text is `c2:` and base64 of: the topic's id (20 bytes: `TopicIds`), then as varints the committed offset, the leader
epoch plus one, the partition count, how far beyond the committed offset the map reaches, and the distance from each
unsettled offset to the next, then a CRC-32 of all that. Between the committed offset and the reach, every offset that
is not listed is settled; beyond the reach nothing is claimed. `c1:` is the same without epoch and count: it is what
older workers write and read, and what is written where neither is known. They ignore `c2:`, as any unknown text.

The CRC tells damage, not malice: whoever may write a group's metadata may as well commit any offset.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate, chain

VERSION_1, VERSION_2 = "c1:", "c2:"
LIMIT = 4095  # characters that a broker takes by default (offset.metadata.max.bytes), less the NUL that librdkafka adds
TOPIC_ID_SIZE = 20
UNKNOWN_TOPIC_ID = bytes(TOPIC_ID_SIZE)  # of brokers that give topics no id
MAX_OFFSET = 2**63 - 1  # Kafka's offsets are int64
EPOCH_UNKNOWN = -1
COUNT_UNKNOWN = 0
_CRC_SIZE = 4


@dataclass(frozen=True, slots=True)
class CommitMap:
    """The claim of one commit.

    topic_id        -- of the topic that the offsets belong to: a recreated or mirrored one has another
    committed       -- the offset that the map was committed with
    reach           -- the first offset about which nothing is claimed
    unsettled       -- the unsettled offsets from `committed` up to `reach`
    leader_epoch    -- of the newest record that the claim is about: one that is newer still was written later, in the
                       place of a record that an unclean election has taken away
    partition_count -- how many partitions the topic had when the group began it: those that it has beyond were added
    """

    topic_id: bytes
    committed: int
    reach: int
    unsettled: frozenset[int]
    leader_epoch: int = EPOCH_UNKNOWN
    partition_count: int = COUNT_UNKNOWN

    def says_settled(self, offset: int, leader_epoch: int | None = None) -> bool:
        """Return whether a record that is consumed again was settled before. leader_epoch -- its own; None: unknown"""
        return (
            self.committed <= offset < self.reach and offset not in self.unsettled and not self.is_older(leader_epoch)
        )

    def is_older(self, leader_epoch: int | None) -> bool:
        """Return whether the claim was made before this epoch began."""
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
    """The metadata for a commit. Where nothing is settled beyond it, it still tells the topic from a later one of the
    same name; with neither id nor count, it is empty then.

    unsettled -- ascending, from `committed` on and below `reach`. As many as fit are listed, and the reach is drawn in
                 to the first that doesn't: then less is claimed, never too much.
    limit     -- characters; empty, too, where not even the topic's id fits
    """
    reach = max(reach, committed)
    head, deltas = topic_id + _varint(committed), bytearray()
    version = VERSION_1
    if leader_epoch != EPOCH_UNKNOWN or partition_count != COUNT_UNKNOWN:
        version, head = VERSION_2, head + _varint(leader_epoch + 1) + _varint(partition_count)
    room = (limit - len(version)) // 4 * 3 - _CRC_SIZE - len(head)
    last = fits = committed
    size = 0  # of the deltas up to `fits`
    for offset in chain(unsettled, (reach,)):
        if len(deltas) + _size(offset - committed) > room:
            break
        fits, size = offset, len(deltas)
        delta = offset - last
        if delta < 128:  # nearly all: a thousand of them are written several times a second
            deltas.append(delta)
        else:
            deltas += _varint(delta)
        last = offset
    nothing_known = topic_id == UNKNOWN_TOPIC_ID and partition_count == COUNT_UNKNOWN
    if room < 1 or (fits == committed and nothing_known):
        return ""
    body = head + _varint(fits - committed) + bytes(deltas[:size])
    return version + base64.b64encode(body + zlib.crc32(body).to_bytes(_CRC_SIZE)).decode("ascii")


def decode(text: str) -> CommitMap | None:
    """The map in a commit's metadata; None where there is none, or one that is foreign or damaged: anything that
    `encode` would not have written. Never raises.
    """
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
    found = CommitMap(raw[:TOPIC_ID_SIZE], committed, reach, frozenset(unsettled), next_epoch - 1, count)
    return found if _encoded(found) == text else None  # else the CRC is another than it ought to be


def _encoded(found: CommitMap) -> str:
    return encode(
        found.topic_id,
        found.committed,
        found.reach,
        sorted(found.unsettled),
        leader_epoch=found.leader_epoch,
        partition_count=found.partition_count,
    )


def _varint(number: int) -> bytes:
    """LEB128: seven bits a byte, the lowest first."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def _size(number: int) -> int:
    """How many bytes `_varint` makes of it."""
    return (number.bit_length() + 6) // 7 or 1


def _varints(data: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in data:
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            yield number
            number = shift = 0
