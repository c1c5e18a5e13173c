"""The head of a response: status, header fields, and the framing of the body."""

from __future__ import annotations

import email.parser
import http.client
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

HEAD_LIMIT = 64 * 1024  # bytes of one head, status line and header fields
_SHORT = 1024  # bytes; longer heads are not cached, to bound the memory

# A head without ambiguity. Names and values are possessive: a long head that doesn't match gives up whole lines, each
# once.
_STRICT = re.compile(
    r"HTTP/1\.([01]) ([2-9][0-9]{2})(?: [^\r\n]*+)?\r\n"
    r"((?:[!#$%&'*+\-.^_`|~0-9A-Za-z]++:[^\r\n\0]*+\r\n)*)\r\n"
)
_DECISIVE_FIELDS = ("content-length", "transfer-encoding", "connection", "content-encoding")
_BLANK = " \t"
_PLAIN_LENGTH = re.compile(r"[0-9]{1,18}(?:[ \t]*,[ \t]*[0-9]{1,18})*")

Fields = dict[str, list[str]]
"""Values by lower-case name, in their order."""


class Headers(Mapping[str, str]):
    """Header fields, case-insensitive; values of a repeated field are joined by commas. Parsed on demand."""

    __slots__ = ("_fields", "_lines")

    def __init__(self, lines: str, fields: Fields | None = None) -> None:
        self._lines = lines
        self._fields = fields

    def __getitem__(self, name: str) -> str:
        return ", ".join(self._parsed()[name.lower()])

    def __iter__(self) -> Iterator[str]:
        return iter(self._parsed())

    def __len__(self) -> int:
        return len(self._parsed())

    def _parsed(self) -> Fields:
        if self._fields is None:
            self._fields = {}
            for line in self._lines.split("\r\n")[:-1]:
                name, _, value = line.partition(":")
                self._fields.setdefault(name.lower(), []).append(value.strip(_BLANK))
        return self._fields


class ResponseHead:
    """One head and its framing.

    status      -- 100 to 999
    headers     -- the fields
    chunked     -- whether the body is chunked
    length      -- else the body's length in bytes; None: the body ends with the connection
    encoding    -- the body's content coding; None if there is none
    persistent  -- whether the connection may be reused after the body. Only for an unambiguous head: the next request
                   must not read data of this response.
    """

    __slots__ = ("chunked", "encoding", "headers", "length", "persistent", "status")

    def __init__(self, data: bytes) -> None:
        """Parse a whole head, up to the empty line. Raises http.client.HTTPException if it is invalid.

        Accept all that requests accepts: a refused response may have enrolled a contact, which is then sent again.
        """
        if len(data) > HEAD_LIMIT:
            raise http.client.LineTooLong("head")
        text = data.decode("latin-1")
        if found := _STRICT.match(text):
            minor, status, lines = found.groups()
            self.status, newer = int(status), minor == "1"
            fields = _decisive(text)
            self.headers = Headers(lines)
        else:
            line, _, lines = text.partition("\n")
            self.status, newer = read_status_line(line)
            fields = _lenient(lines)
            self.headers = Headers(lines, fields)
        self.encoding = _joined(fields.get("content-encoding"))
        connection = (_joined(fields.get("connection")) or "").lower()
        kept = "close" not in connection if newer else "keep-alive" in connection
        clear = self._frame(fields.get("content-length"), _joined(fields.get("transfer-encoding")), newer=newer)
        self.persistent = kept and clear and found is not None

    def _frame(self, lengths: list[str] | None, codings: str | None, *, newer: bool) -> bool:
        """Set the framing of the body; return whether it is unambiguous (RFC 9112, 6.3)."""
        self.chunked, self.length = False, None
        if self.status == 200 and codings is None and lengths and len(lengths) == 1 and lengths[0].isdecimal():
            self.length = _length(lengths)  # nearly every response
            return True
        if self.status in (204, 304) or self.status < 200:
            self.length = 0
            return codings is None and (self.status == 304 or lengths in (None, ["0"]))
        if codings and "chunked" in [coding.strip() for coding in codings.lower().split(",")]:
            self.chunked = True  # beats a length
            return codings.lower() == "chunked" and lengths is None and newer
        if lengths:
            self.length = _length(lengths)
            return codings is None and all(_PLAIN_LENGTH.fullmatch(value) for value in lengths)
        if self.status == 205 and codings is None:  # has no body (RFC 9110, 15.3.6)
            self.length = 0
        return False


def read_head(data: bytes) -> ResponseHead:
    """Return `ResponseHead(data)`, or an equal one: responses of the same second often have the same head."""
    return _read_short(data) if len(data) <= _SHORT else ResponseHead(data)


_read_short = lru_cache(maxsize=16)(ResponseHead)


def read_status_line(line: str) -> tuple[int, bool]:
    """Return the status, and whether the version is 1.1 or later, as http.client reads a line without its LF.

    Raises http.client.HTTPException if the line is invalid.
    """
    words = line.split(None, 2)
    if len(words) < 2 or not words[0].startswith("HTTP/"):
        raise http.client.BadStatusLine("")
    try:
        status = int(words[1])
    except ValueError:
        raise http.client.BadStatusLine("") from None
    if not 100 <= status <= 999:
        raise http.client.BadStatusLine("")
    if words[0] in ("HTTP/1.0", "HTTP/0.9"):
        return status, False
    if not words[0].startswith("HTTP/1."):
        raise http.client.UnknownProtocol("")
    return status, True


def _decisive(head: str) -> Fields:
    """Return the fields of a strict head that frame the body. A text search costs a fifth of a pattern."""
    fields: Fields = {}
    lowered = head.lower()
    for name in _DECISIVE_FIELDS:
        sought, end = f"\n{name}:", 0
        while (found := lowered.find(sought, end)) >= 0:
            end = head.index("\r", found)
            fields.setdefault(name, []).append(head[found + len(sought) : end].strip(_BLANK))
    return fields


def _lenient(lines: str) -> Fields:
    """Parse the fields like http.client, by the email package.

    So folded lines, lone LF or CR and stray white space are read as by requests. Only the number of fields is not
    limited.
    """
    fields: Fields = {}
    message = email.parser.HeaderParser(_class=http.client.HTTPMessage).parsestr(lines)
    for name, value in message.items():
        fields.setdefault(name.lower(), []).append(" ".join(value.splitlines()).strip(_BLANK))
    return fields


def _joined(values: list[str] | None) -> str | None:
    return ", ".join(values) if values else None


def _length(values: list[str]) -> int | None:
    """Return the length that the fields agree on, as urllib3 and http.client parse it; None if there is none."""
    try:
        lengths = {int(part) for value in values for part in value.split(",")}
    except ValueError:
        return _first(values[0])
    if len(lengths) > 1:
        raise http.client.HTTPException("several lengths")
    return _natural(lengths.pop())


def _first(value: str) -> int | None:
    try:
        return _natural(int(value))
    except ValueError:
        return None


def _natural(number: int) -> int | None:
    return number if number >= 0 else None
