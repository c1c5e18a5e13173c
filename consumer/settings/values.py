"""Checks of single values: each returns the normalised value, or raises `SettingError` without the value."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from consumer.enrolment.identity_filter import normalised_name
from consumer.enrolment.pointer import Pointer
from consumer.loopback import is_loopback

MASK = "********"
SMALLEST = 0.001


class Secret:
    """A text that is shown only where it is asked for by name: not in a log, a traceback or an error."""

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text."""
        return self._text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    def __str__(self) -> str:
        return MASK


class SettingError(ValueError):
    """An invalid value: `what` is wrong with it, and a `hint` how to fix it.

    key -- of an earlier setting of the section that is at fault; empty: the checked one is
    """

    def __init__(self, what: str, hint: str, key: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.key = key


def comma_separated(value: object) -> object:
    """Split text at its commas, or take a TOML array. Blank parts are left out."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, (list, tuple)):
        return parts
    stripped = [part.strip() if isinstance(part, str) else part for part in parts]
    return [part for part in stripped if part != ""]


def joined(value: object) -> object:
    """Join a TOML array of text with commas."""
    is_text = isinstance(value, list) and all(isinstance(part, str) for part in value)
    return ",".join(value) if isinstance(value, list) and is_text else value


def encodable(text: str) -> str:
    """Return text that UTF-8 and C can hold. Undecodable bytes of the environment are surrogates here."""
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise SettingError("is not UTF-8 text", "Write it as UTF-8, without null bytes")
    return text


def measurable(number: float) -> float:
    """Return a time or a rate: 0 where it means none, or at least a thousandth."""
    if 0 < number < SMALLEST:
        raise SettingError("is too small", f"Set it to at least {SMALLEST}")
    return number


def event_name(name: str) -> str:
    """Return a name that has more than what comparing names ignores."""
    if not normalised_name(name):
        raise SettingError("has a name of spaces, `_` and `-` only", "Name the events: Signed Up,Identify")
    return name


def distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return each name once, at its first position."""
    return tuple(dict.fromkeys(names))


def topic_name(name: str) -> str:
    """Return a legal topic name, as org.apache.kafka.common.internals.Topic checks it."""
    if name in (".", "..") or not re.fullmatch(r"[a-zA-Z0-9._-]{1,249}", name):
        raise SettingError("is not a legal topic name", "Use 1 to 249 of the characters a-z A-Z 0-9 . _ -")
    return name


def servers(text: str) -> str:
    """Return Kafka's `host:port,host:port`; the port is optional."""
    text = text.rstrip(", ")
    for part in text.split(","):
        try:
            url = urlsplit(f"//{part.strip()}")
            legal = bool(url.hostname) and url.port != 0 and url.netloc == part.strip() and "@" not in part
        except ValueError:
            legal = False
        if not legal:
            raise SettingError("is not a list of servers", "Write host:port, several separated by commas: kafka-1:9092")
    return ",".join(part.strip() for part in text.split(","))


def web_address(text: str) -> SplitResult | None:
    """Return the parts of an http or https address; None: it is none."""
    try:
        url = urlsplit(text)
        return url if url.scheme in ("http", "https") and url.hostname and url.port != 0 else None
    except ValueError:
        return None


def base_url(text: str) -> str:
    """Return the address of ClickSend's API without a trailing slash."""
    return api_address(text, "Write it as https://host/path, as in the default", "CLICKSEND_CA_FILE")


def api_address(text: str, form: str, ca_setting: str) -> str:
    """Return an API's address without a trailing slash: https or loopback, as it receives credentials.

    form -- the hint for what is no address; ca_setting -- the setting for a CA of one's own
    """
    url = web_address(text)
    if url is None or url.username is not None or url.query or url.fragment:
        raise SettingError("is not the address of an API", form)
    if url.scheme == "http" and not is_loopback(url.hostname or ""):
        what = "is plain HTTP, which is allowed for loopback only"
        raise SettingError(what, f"Use https; for your own CA set {ca_setting}")
    return text.rstrip("/")


def proxy_url(secret: Secret) -> Secret:
    """Return the address of a proxy, which may contain user name and password."""
    text = secret.reveal()
    before_host, at, _ = text.partition("://")[2].rpartition("@")
    if at and set(before_host) & set("#/?"):
        raise SettingError("has a #, / or ? in its user name or password", "Percent-encode them: %23, %2F, %3F")
    if not unquote(before_host).isprintable() or not _is_latin_1(unquote(before_host)):
        raise SettingError(
            "has a user name or password that a header can't carry", "Use characters of ISO 8859-1, percent-encoded"
        )
    url = web_address(text)
    if url is None or url.path.strip("/") or url.query or url.fragment:
        raise SettingError(
            "is not the address of a proxy", "Write it as http://host:port or http://user:password@host:port"
        )
    return secret


def _is_latin_1(text: str) -> bool:
    return all(ord(character) < 256 for character in text)


def header_text(text: str) -> str:
    """Return text for an HTTP header, which a control character would end."""
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise SettingError("contains a control character", "Copy it again, as one line")
    return text


def header_secret(secret: Secret) -> Secret:
    """Return a secret for an HTTP header."""
    header_text(secret.reveal())
    return secret


def basic_user(text: str) -> str:
    """Return a user name for Basic authentication. A colon would end it (RFC 7617, section 2)."""
    if ":" in text:
        raise SettingError("contains a colon", "Set only the user name; the API key is CLICKSEND_API_KEY")
    return header_text(text)


def host_name(text: str) -> str:
    """Return a host name or address, without scheme, port or path."""
    if not re.fullmatch(r"[A-Za-z0-9._:\[\]%-]+", text) or "//" in text:
        raise SettingError("is not a host name", "Write the name or address alone, without scheme and path")
    return text


def region(text: str) -> str:
    """Return a region that has phone numbers, in upper case."""
    import phonenumbers  # noqa: PLC0415 -- its tables take a tenth of a second, and few set a region

    if text.upper() not in phonenumbers.SUPPORTED_REGIONS:
        raise SettingError("is not a country that has phone numbers", "Use its ISO 3166 two-letter code: US, GB, AU")
    return text.upper()


def json_pointer(text: str) -> str:
    """Return a JSON pointer (RFC 6901, section 3)."""
    try:
        Pointer.parse(text)
    except ValueError:
        hint = "Start with a slash, as in /payload/event; write ~ as ~0 and / in a name as ~1"
        raise SettingError("is not a JSON pointer", hint) from None
    return text


def readable_file(text: str) -> str:
    """Return the path of a readable file."""
    try:
        with Path(text).open("rb"):
            return text
    except OSError as error:
        raise SettingError(
            f"names a file that can't be read ({error.strerror})", "Set it to the path of a PEM file"
        ) from None


def ca_location(text: str) -> str:
    """Return a CA file, a directory of them, or librdkafka's `probe`, which searches the usual places."""
    return text if text == "probe" or os.path.isdir(text) else readable_file(text)  # noqa: PTH112 -- Path's may raise


def properties(value: object) -> dict[str, str]:
    """Return librdkafka's properties from a JSON object or a table of text, numbers, true or false."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = None
    if not isinstance(value, Mapping) or not all(isinstance(entry, str | int | float) for entry in value.values()):
        raise SettingError(
            "is not a JSON object of property names and values", 'Write it like {"client.rack": "eu-1a"}'
        )
    encodable("".join(f"{name}{entry}" for name, entry in value.items()))
    return {str(name): str(entry).lower() if isinstance(entry, bool) else str(entry) for name, entry in value.items()}
