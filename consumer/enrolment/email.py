"""Email addresses."""

from __future__ import annotations

import importlib
import re
import urllib.parse

_LONGEST_TEXT = 320  # characters; longer text is not read
_LONGEST = 254  # RFC 5321, section 4.5.3.1.3, less the angle brackets
_LOCAL_PART = r"(?=[^@]{1,64}@)"  # RFC 5321, section 4.5.3.1.1
_BOUNDS = re.compile(rf"{_LOCAL_PART}[^@]*@(?:[^.]{{1,63}}\.)*[^.]{{1,63}}")  # labels: RFC 1035, section 2.3.4
_SHORT = 63  # characters: so long an address is within these bounds
# Light: dots in the local part single and inside (RFC 5322, dot-atom), at least two labels in the domain, the last not
# a number. Possessive, since no part can end where another begins; but no group is: CPython before 3.11.5 then fails to
# match (https://github.com/python/cpython/issues/106052).
_ATOM = r"[!#$%&'*+/0-9=?^_`a-z{|}~-]"
_LABEL = r"[0-9a-z]++(?:-++[0-9a-z]++)*"
_PLAIN = re.compile(rf"{_ATOM}++(?:\.{_ATOM}++)*@(?:{_LABEL}\.)+(?![0-9]++$){_LABEL}")
# Before RFC compliance reached their sign-up pages, Japan's mobile carriers gave out local parts with dots in a row and
# at the end, and these addresses live on. Their domains take any number of dots.
_CARRIERS = (
    *("docomo.ne.jp", "mopera.net"),
    *("au.com", "ezweb.ne.jp", r"[a-z0-9-]+\.ezweb.ne.jp", "ido.ne.jp", r"(?:[a-z0-9-]+\.)?sky.t(?:u-ka|kk|kc).ne.jp"),
    *("softbank.ne.jp", "i.softbank.jp", r"[a-z]\.vodafone.ne.jp", "jp-[a-z].ne.jp", "disney.ne.jp"),
    *("ymobile.ne.jp", "y-mobile.ne.jp", "ymobile1.ne.jp", "yahoo.ne.jp", "emnet.ne.jp", "emobile.ne.jp"),
    *("willcom.com", "willcom-inc.com", r"(?:[a-z0-9-]+\.)?pdx.ne.jp", "uqmobile.jp", "rakumail.jp"),
)
_CARRIER = "|".join(re.sub(r"(?<!\\)\.", r"\\.", domain) for domain in _CARRIERS)
_OF_CARRIER = re.compile(rf"{_LOCAL_PART}{_ATOM}(?:{_ATOM}|\.)*@(?:{_CARRIER})")
# Default_Ignorable_Code_Point of Unicode 16 (DerivedCoreProperties.txt): renderers show nothing for these.
_INVISIBLE = (
    r"\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    r"\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_ENDS = re.compile(rf"[\s\x00-\x1f\x7f-\x9f{_INVISIBLE}]*")
_UNSAFE = re.compile(rf"[\ufffd\ud800-\udfff{_INVISIBLE}]")  # email-validator lets some of them pass in a local part
_FULL_WIDTH = {0xFF00 + offset: 0x20 + offset for offset in range(1, 0x5F)}
_MAILTO = "mailto:"
_MASK = "**"  # one star is a character like others


def read_email(text: str) -> str | None:
    """Return the address in lower case with a domain in ASCII (A-labels); None if it isn't one.

    text -- as the visitor wrote it, invisible characters included. Around the address they don't matter; inside they
            make it unusable, as several addresses do. `Jane <jane@example.com>` and `mailto:jane@example.com` are read
            as the address that they hold, full-width forms as the usual ones.
    """
    if len(text) > _LONGEST_TEXT:
        return None
    address = text.strip().lower() if text.isascii() else ""
    return address if _is_plain(address) else _read_slowly(text)


def _is_plain(address: str) -> bool:
    if len(address) > _LONGEST or _MASK in address:
        return False
    bounded = len(address) <= _SHORT or _BOUNDS.fullmatch(address)
    return bool((bounded and _PLAIN.fullmatch(address)) or _OF_CARRIER.fullmatch(address))


def _read_slowly(text: str) -> str | None:
    """Read an address that is not plain ASCII."""
    address = _unwrapped(_trimmed(text).translate(_FULL_WIDTH))
    if address is None or address.count("@") != 1 or _UNSAFE.search(address):
        return None
    address = address.removesuffix(".").removesuffix("\u3002")  # the root of the domain name system
    if address.isascii():
        lower = address.lower()
        return lower if _is_plain(lower) else None
    return _validated(address)


def _unwrapped(text: str) -> str | None:
    """Return the address in angle brackets, behind `mailto:`, or the text itself; None where there is a second one."""
    if text.endswith(">"):
        name, _, inner = text[:-1].rpartition("<")
        name, text = _trimmed(name).strip("\"'"), _trimmed(inner)
        if "@" in name and name.lower() != text.lower():
            return None
    if text[: len(_MAILTO)].lower() != _MAILTO:
        return text
    text, _, query = text[len(_MAILTO) :].partition("?")
    return None if "@" in urllib.parse.unquote(query) else _trimmed(urllib.parse.unquote(text))


def _trimmed(text: str) -> str:
    """Return the text without white space, control characters and invisible ones around it."""
    begin = _ENDS.match(text)
    end = _ENDS.match(text[::-1])
    return text[begin.end() if begin else 0 : len(text) - (end.end() if end else 0)]


def load_validator() -> None:
    """Import the validator of non-ASCII addresses early: it takes 70 ms of CPU time."""
    importlib.import_module("email_validator")


def _validated(address: str) -> str | None:
    """Return a non-ASCII address as email-validator normalises it."""
    from email_validator import validate_email  # noqa: PLC0415 -- its tables take a tenth of a second, and few need them

    if len(address.lower()) != len(address):  # `İ` becomes two characters
        return None
    try:
        validated = validate_email(address, strict=True, check_deliverability=False)
    except ValueError:  # its own errors, and those of the encodings beneath it
        return None
    written = f"{validated.local_part}@{validated.ascii_domain}"
    lower = written.lower()
    return lower if len(lower) == len(written) and len(lower.encode()) <= _LONGEST else None
