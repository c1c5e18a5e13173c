"""Request schemas: a document, the registry's error code for a missing one, or why the registry is unreachable."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import requests
from requests.auth import HTTPBasicAuth
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from consumer import __version__
from consumer.registry.opening import RegistryOptions

ACCEPT = "application/vnd.schemaregistry.v1+json, application/json"
BODY_LIMIT = 16 * 1024 * 1024  # bytes of a schema
_CHUNK = 64 * 1024
_UNKNOWN = frozenset({40401, 40402, 40403})  # the registry's own codes: no such subject, version, schema


@dataclass(frozen=True, slots=True)
class Document:
    """A document of the registry."""

    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Unknown:
    """The registry says that it does not have it."""


@dataclass(frozen=True, slots=True)
class Away:
    """The registry can't be used. `fault` says why and names the fix; it quotes nothing that came."""

    fault: str


Answer = Document | Unknown | Away


class RegistryClient:
    """Send requests to a Schema Registry. Ignores proxies, CAs and .netrc in the environment. For one thread."""

    def __init__(self, options: RegistryOptions) -> None:
        self._options = options
        self._session = session = requests.Session()
        session.trust_env = False
        session.verify = options.ca_file or DEFAULT_CA_BUNDLE_PATH
        session.headers.clear()
        session.headers.update({"User-Agent": f"clicksend-consumer/{__version__}", "Accept": ACCEPT})
        if options.username is not None:
            # As bytes, in UTF-8 (RFC 7617, section 2.1): requests would encode text as Latin-1.
            session.auth = HTTPBasicAuth(options.username.encode(), (options.password or "").encode())

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Answer:
        """Return the response. Never raises."""
        options = self._options
        deadline = time.monotonic() + options.total_timeout
        try:
            with self._session.get(
                f"{options.url}/{path}",
                params=query,
                timeout=(options.connect_timeout, options.read_timeout),
                allow_redirects=False,
                stream=True,
            ) as response:
                body = _body(response, deadline)
                status = response.status_code
        except requests.exceptions.SSLError:
            return Away("TLS failed; check REGISTRY_URL and REGISTRY_CA_FILE")
        except requests.exceptions.Timeout:
            return Away("timed out; check REGISTRY_URL and the network")
        except (requests.exceptions.RequestException, OSError, ValueError) as error:
            return Away(f"no answer ({type(error).__name__}); check REGISTRY_URL and the network")
        if body is None:
            return Away("the answer was too slow or too long; check REGISTRY_URL")
        return answer_of(status, body)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()


def answer_of(status: int, body: bytes) -> Answer:
    """Classify a response: anything but a document or a registry error code is `Away`."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        document = None
    code = document.get("error_code") if isinstance(document, dict) else None
    if status == 200 and isinstance(document, dict) and isinstance(document.get("schema"), str):
        return Document(document)
    if status == 404 and code in _UNKNOWN:
        return Unknown()
    if status in (401, 403):
        return Away(f"HTTP {status}; check REGISTRY_USERNAME and REGISTRY_PASSWORD")
    if 300 <= status < 400:
        return Away(f"HTTP {status}, a redirect; set REGISTRY_URL to the registry's own address")
    if status in (200, 404):
        return Away(f"HTTP {status} that is not a Schema Registry's; check REGISTRY_URL")
    return Away(f"HTTP {status}")


def _body(response: requests.Response, deadline: float) -> bytes | None:
    """Return the body; None where it is too long, or not complete by the deadline."""
    body = b""
    for chunk in response.iter_content(_CHUNK):
        body += chunk
        if len(body) > BODY_LIMIT or time.monotonic() > deadline:
            return None
    return body
