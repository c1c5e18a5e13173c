"""What is settled beyond the committed offset, written into the commit's metadata: a crash repeats only the rest.

The text is `c1:` and base64 of: the topic's id (20 bytes: `TopicIds`), then as varints the committed offset, how far
beyond it the map reaches, and the distance from each unsettled offset to the next, then a CRC-32 of all that. Between
the committed offset and the reach, every offset that is not listed is settled; beyond the reach nothing is claimed.

The CRC tells damage, not malice: whoever may write a group's metadata may as well commit any offset.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate, chain

VERSION = "c1:"
LIMIT = 4095  # characters that a broker takes by default (offset.metadata.max.bytes), less the NUL that librdkafka adds
TOPIC_ID_SIZE = 20
UNKNOWN_TOPIC_ID = bytes(TOPIC_ID_SIZE)  # of brokers that give topics no id
MAX_OFFSET = 2**63 - 1  # Kafka's offsets are int64
_CRC_SIZE = 4


@dataclass(frozen=True, slots=True)
class CommitMap:
    """The claim of one commit.

    topic_id  -- of the topic that the offsets belong to: a recreated or mirrored one has another
    committed -- the offset that the map was committed with
    reach     -- the first offset about which nothing is claimed
    unsettled -- the unsettled offsets from `committed` up to `reach`
    """

    topic_id: bytes
    committed: int
    reach: int
    unsettled: frozenset[int]

    def says_settled(self, offset: int) -> bool:
        """Whether a record that is consumed again was settled before."""
        return self.committed <= offset < self.reach and offset not in self.unsettled


def encode(topic_id: bytes, committed: int, reach: int, unsettled: Iterable[int], limit: int = LIMIT) -> str:
    """The metadata for a commit. Where nothing is settled beyond it, it still tells the topic from a later one of the
    same name; without an id, it is empty then.

    unsettled -- ascending, from `committed` on and below `reach`. As many as fit are listed, and the reach is drawn in
                 to the first that doesn't: then less is claimed, never too much.
    limit     -- characters; empty, too, where not even the topic's id fits
    """
    reach = max(reach, committed)
    head, deltas = topic_id + _varint(committed), bytearray()
    room = (limit - len(VERSION)) // 4 * 3 - _CRC_SIZE - len(head)
    last = fits = committed
    size = 0  # of the deltas up to `fits`
    for offset in chain(unsettled, (reach,)):
        if len(deltas) + len(_varint(offset - committed)) > room:
            break
        fits, size = offset, len(deltas)
        deltas += _varint(offset - last)
        last = offset
    if room < 1 or (fits == committed and topic_id == UNKNOWN_TOPIC_ID):
        return ""
    body = head + _varint(fits - committed) + bytes(deltas[:size])
    return VERSION + base64.b64encode(body + zlib.crc32(body).to_bytes(_CRC_SIZE)).decode("ascii")


def decode(text: str) -> CommitMap | None:
    """The map in a commit's metadata; None where there is none, or one that is foreign or damaged: anything that
    `encode` would not have written. Never raises.
    """
    if not text.startswith(VERSION) or len(text) > LIMIT:
        return None
    try:
        raw = base64.b64decode(text.removeprefix(VERSION), validate=True)
    except (binascii.Error, ValueError):
        return None
    numbers = list(_varints(raw[TOPIC_ID_SIZE:-_CRC_SIZE]))
    if len(numbers) < 2:
        return None
    committed, length, *deltas = numbers
    reach, unsettled = committed + length, list(accumulate(deltas, initial=committed))[1:]
    if reach > MAX_OFFSET or any(offset >= reach for offset in unsettled[-1:]):
        return None
    found = CommitMap(raw[:TOPIC_ID_SIZE], committed, reach, frozenset(unsettled))
    written = encode(found.topic_id, committed, reach, sorted(found.unsettled))  # with the CRC that it ought to have
    return found if written == text else None


def _varint(number: int) -> bytes:
    """LEB128: seven bits a byte, the lowest first."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def _varints(data: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in data:
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            yield number
            number = shift = 0
