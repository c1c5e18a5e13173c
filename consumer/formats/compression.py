"""gzip, within a limit."""

from __future__ import annotations

import zlib

from consumer.enrolment.decision import Undeliverable
from consumer.enrolment.disposition import DeadLetterReason

MAGIC = b"\x1f\x8b"
LIMIT = 8 * 1024 * 1024  # bytes of the unpacked value
_GZIP_ONLY = 16 + zlib.MAX_WBITS
_MOST_MEMBERS = 100  # each costs a copy of those after it, and a megabyte could hold 50,000

_TOO_LARGE = Undeliverable(DeadLetterReason.TOO_LARGE, f"gzip data of more than {LIMIT // 1024 // 1024} MiB unpacked")
_TOO_MANY = Undeliverable(DeadLetterReason.UNDECODABLE, f"gzip data of more than {_MOST_MEMBERS} members")
_CORRUPT = Undeliverable(DeadLetterReason.UNDECODABLE, "corrupt gzip data")
_TRUNCATED = Undeliverable(DeadLetterReason.UNDECODABLE, "truncated gzip data")
_TRAILING = Undeliverable(DeadLetterReason.UNDECODABLE, "gzip data with other bytes after its end")
_NESTED = Undeliverable(DeadLetterReason.UNDECODABLE, "gzip data inside gzip data")


def unpack(value: bytes) -> bytes | Undeliverable:
    """Return the decompressed value, or why it is unreadable. Never raises; decompresses at most LIMIT bytes.

    Several members are one value, zero bytes after the last are padding (RFC 1952, section 2.2, and gzip's manual).
    """
    parts: list[bytes] = []
    size = 0
    left = value
    for _member in range(_MOST_MEMBERS):
        if not left.startswith(MAGIC):
            return _TRAILING
        member = zlib.decompressobj(_GZIP_ONLY)
        try:
            parts.append(member.decompress(left, LIMIT - size + 1))
        except zlib.error:
            return _CORRUPT
        size += len(parts[-1])
        if size > LIMIT:
            return _TOO_LARGE
        if not member.eof:
            return _TRUNCATED
        left = member.unused_data.lstrip(b"\0")
        if not left:
            unpacked = b"".join(parts)
            return _NESTED if unpacked.startswith(MAGIC) else unpacked
    return _TOO_MANY
