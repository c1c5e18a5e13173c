"""The collector's address: OTEL_EXPORTER_OTLP_* (https://opentelemetry.io/docs/specs/otel/protocol/exporter/).

OTEL_EXPORTER_OTLP_TRACES_* overrides OTEL_EXPORTER_OTLP_*.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from consumer.monitoring.tracing.variables import Variables

PREFIX, FOR_TRACES = "OTEL_EXPORTER_OTLP_", "OTEL_EXPORTER_OTLP_TRACES_"
ENDPOINTS = (f"{FOR_TRACES}ENDPOINT", f"{PREFIX}ENDPOINT")
DEFAULT_ENDPOINT = "http://localhost:4318"
PATH = "/v1/traces"
PROTOCOL = "http/protobuf"
TIMEOUTS = (f"{FOR_TRACES}TIMEOUT", f"{PREFIX}TIMEOUT")
DEFAULT_TIMEOUT_MS = 10_000
SHORTEST_TIMEOUT_MS = 100  # a lower one is most likely meant in seconds, as OpenTelemetry's SDK for Python reads it
LONGEST_TIMEOUT_MS = 60_000

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # a token of RFC 9110
_HEADER_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e\t]*[\x21-\x7e])?")


@dataclass(frozen=True, slots=True)
class OtlpOptions:
    """The address of a collector.

    endpoint    -- the URL; may contain a user name and a password
    headers     -- for each request; may contain tokens
    timeout     -- seconds without a byte of the answer
    certificate -- file of the CA; None: the public authorities
    client      -- files of the client's certificate and its key, for mTLS
    """

    endpoint: str = field(default="", repr=False)
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    timeout: float = 10.0
    gzip: bool = False
    certificate: str | None = None
    client: tuple[str, str] | str | None = None

    @property
    def shown_endpoint(self) -> str:
        """Return the endpoint without user name, password and query."""
        url = urlsplit(self.endpoint)
        return url._replace(netloc=url.netloc.rpartition("@")[2], query="", fragment="").geturl()


def otlp_options(variables: Variables) -> OtlpOptions:
    """Return the options, but for the timeout. Each problem that they leave keeps traces off."""
    name, protocol = _text(variables, "PROTOCOL")
    if protocol.lower() not in ("", PROTOCOL):
        variables.problem(name, "is an unsupported protocol, so no traces are exported", f"Use {PROTOCOL}")
    return OtlpOptions(
        endpoint=_endpoint(variables),
        headers=_headers(variables),
        gzip=_gzip(variables),
        certificate=_file(variables, "CERTIFICATE"),
        client=_client(variables),
    )


def export_timeout(variables: Variables) -> float:
    """Return the timeout of a request in seconds. An unusable one is ignored."""
    milliseconds = variables.number(DEFAULT_TIMEOUT_MS, float, *TIMEOUTS)
    if milliseconds < SHORTEST_TIMEOUT_MS:
        name, _ = variables.text(*TIMEOUTS)
        what = f"is below {SHORTEST_TIMEOUT_MS} ms, so {DEFAULT_TIMEOUT_MS} is used"
        variables.problem(name, what, "Set it in milliseconds")
        milliseconds = DEFAULT_TIMEOUT_MS
    return min(milliseconds, LONGEST_TIMEOUT_MS) / 1000


def _text(variables: Variables, name: str) -> tuple[str, str]:
    return variables.text(FOR_TRACES + name, PREFIX + name)


def _endpoint(variables: Variables) -> str:
    name, text = variables.text(*ENDPOINTS)
    try:
        url = urlsplit(text or DEFAULT_ENDPOINT)
        usable = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
        usable &= text.isprintable() and " " not in text
    except ValueError:  # of the port, or of an IPv6 address
        usable = False
    if not usable:
        variables.problem(name, "is no URL, so no traces are exported", "Write it as http://host:4318")
        return ""
    return (url if name == ENDPOINTS[0] else url._replace(path=url.path.rstrip("/") + PATH)).geturl()


def _headers(variables: Variables) -> dict[str, str]:
    names = (f"{FOR_TRACES}HEADERS", f"{PREFIX}HEADERS")
    headers = variables.pairs("so no traces are exported", *names)
    if not all(_HEADER_NAME.fullmatch(name) and _HEADER_VALUE.fullmatch(value) for name, value in headers.items()):
        name, _ = variables.text(*names)
        what = "has a header that HTTP does not allow, so no traces are exported"
        variables.problem(name, what, "Write name=value, comma-separated, the value percent-encoded")
    return headers


def _gzip(variables: Variables) -> bool:
    name, text = _text(variables, "COMPRESSION")
    if text.lower() not in ("", "none", "gzip"):
        variables.problem(name, "is an unsupported compression, so no traces are exported", "Use gzip")
    return text.lower() == "gzip"


def _client(variables: Variables) -> tuple[str, str] | str | None:
    certificate, key = _file(variables, "CLIENT_CERTIFICATE"), _file(variables, "CLIENT_KEY")
    if key and not certificate:
        name, _ = _text(variables, "CLIENT_KEY")
        hint = f"Set {name.replace('_KEY', '_CERTIFICATE')}, too"
        variables.problem(name, "is set without its certificate, so no traces are exported", hint)
    return (certificate, key) if certificate and key else certificate


def _file(variables: Variables, what: str) -> str | None:
    name, path = _text(variables, what)
    if not path:
        return None
    try:
        with Path(path).open("rb"):
            return path
    except OSError as error:
        what = f"names a file that can't be read ({error.strerror}), so no traces are exported"
        variables.problem(name, what, "Check the path, and who may read the file")
    return None
