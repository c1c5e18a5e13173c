"""Seeded mutations of valid responses: changed bytes, split anywhere."""

from __future__ import annotations

import gzip
import random
from dataclasses import dataclass
from enum import Enum, auto
from itertools import pairwise
from typing import TYPE_CHECKING

from tests.clicksend.scripted_server import OK, SUCCESS, answer

if TYPE_CHECKING:
    from collections.abc import Callable

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(SUCCESS), SUCCESS)

VALID = (
    OK,
    OK + OK,
    CHUNKED,
    CHUNKED[:-2] + b"X-Trailer: 1\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK,
    b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + CHUNKED,
    b"HTTP/1.1 200 OK\r\n\r\n" + SUCCESS,
    b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    answer("200 OK", gzip.compress(SUCCESS, mtime=0), "Content-Encoding: gzip"),
    answer("429 Slow Down", SUCCESS, "Retry-After: 7", "Connection: close"),
    answer("500 Oops", b"x" * 9000, *[f"X-Pad-{number}: {'x' * number}" for number in range(60)]),
)

WORDS = (
    b"\r\n",
    b"\n",
    b"\r\n\r\n",
    b"\0",
    b" ",
    b":",
    b"-1",
    b"+5",
    b"0x1",
    b"99999999999999999999",
    b"fffffffffffffffff",
    b"0\r\n\r\n",
    b"5\r\n",
    b";x=y",
    b"Content-Length: 5\r\n",
    b"Content-Length: 500\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Encoding: gzip\r\n",
    b"Content-Encoding: deflate\r\n",
    b"Connection: close\r\n",
    b"Connection: upgrade\r\nUpgrade: h2c\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/2.0 ",
    b"X-Pad: " + b"x" * 70_000 + b"\r\n",
    b"X: y\r\n" * 150,
)


class Ending(Enum):
    """The server's action after the last piece."""

    KEEP = auto()
    CLOSE = auto()
    RESET = auto()


@dataclass(frozen=True, slots=True)
class FuzzedAnswer:
    """The server's response in pieces."""

    pieces: tuple[bytes, ...]
    ending: Ending

    @classmethod
    def of(cls, seed: str) -> FuzzedAnswer:
        """The same for the same seed."""
        chance = random.Random(seed)
        data = chance.choice(VALID)
        for _ in range(chance.choice((0, 1, 1, 1, 2, 2, 3, 6))):
            data = chance.choice(_MUTATIONS)(data, chance)
        cuts = sorted(chance.randint(0, len(data)) for _ in range(chance.randint(0, 5)))
        edges = [0, *cuts, len(data)]
        pieces = (data[start:end] for start, end in pairwise(edges))
        endings = (Ending.KEEP, Ending.KEEP, Ending.CLOSE, Ending.CLOSE, Ending.CLOSE, Ending.RESET)
        return cls(tuple(piece for piece in pieces if piece), chance.choice(endings))


def _some(data: bytes, chance: random.Random) -> tuple[bytes, bytes, bytes]:
    """The data before, within and after a short piece of it."""
    start = chance.randint(0, len(data))
    end = min(len(data), start + chance.choice((1, 1, 2, 4, 16, 64)))
    return data[:start], data[start:end], data[end:]


def _flip(data: bytes, chance: random.Random) -> bytes:
    before, piece, after = _some(data, chance)
    return before + bytes(byte ^ (1 << chance.randrange(8)) for byte in piece[:1]) + piece[1:] + after


def _noise(data: bytes, chance: random.Random) -> bytes:
    before, piece, after = _some(data, chance)
    return before + chance.randbytes(len(piece)) + after


def _drop(data: bytes, chance: random.Random) -> bytes:
    before, _, after = _some(data, chance)
    return before + after


def _repeat(data: bytes, chance: random.Random) -> bytes:
    before, piece, after = _some(data, chance)
    return before + piece * chance.choice((2, 3, 50)) + after


def _insert(data: bytes, chance: random.Random) -> bytes:
    """At the end of a line, where a word may mean something, or anywhere."""
    word = chance.choice(WORDS)
    lines = data.split(b"\r\n")
    if len(lines) > 1 and chance.random() < 0.7:
        place = chance.randrange(1, len(lines))
        return b"\r\n".join(lines[:place]) + b"\r\n" + word + b"\r\n".join(lines[place:])
    before, piece, after = _some(data, chance)
    return before + word + piece + after


def _cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randint(0, len(data))]


def _splice(data: bytes, chance: random.Random) -> bytes:
    other = chance.choice(VALID)
    return data[: chance.randint(0, len(data))] + other[chance.randint(0, len(other)) :]


def _digit(data: bytes, chance: random.Random) -> bytes:
    """Another number where one stands: a length, a size, a status."""
    places = [place for place, byte in enumerate(data[:400]) if byte in b"0123456789"]
    if not places:
        return data
    place = chance.choice(places)
    return data[:place] + chance.choice((b"0", b"1", b"9", b"-", b"", b"00", b"f")) + data[place + 1 :]


_MUTATIONS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _flip,
    _noise,
    _drop,
    _repeat,
    _insert,
    _insert,
    _cut,
    _splice,
    _digit,
    _digit,
)
