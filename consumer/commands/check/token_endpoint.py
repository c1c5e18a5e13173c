"""One request for a token, as librdkafka sends it, with the endpoint's answer explained."""

from __future__ import annotations

import json
import socket
import ssl
import time
from base64 import b64encode, urlsafe_b64decode
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from typing import Any, NoReturn
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, HTTPSHandler, OpenerDirector, Request, build_opener

from consumer.kafka.token_faults import OAUTH_ERRORS, TokenFault, oauth_fault

ENDPOINT_SECONDS = 10.0
MOST_BYTES = 65_536
MEDIA_TYPE = "application/json"
USER_CLAIM = "sub"  # unless the property sasl.oauthbearer.sub.claim.name names another
LONGEST_SECONDS = 2**63 / 1000  # since the epoch: librdkafka keeps the expiry as milliseconds in 64 bits


class NoTokenError(Exception):
    """The endpoint issues no token that librdkafka can use. detail -- of this endpoint; never its own text."""

    def __init__(self, fault: TokenFault, detail: str = "") -> None:
        super().__init__(f"{fault.what} ({detail})" if detail else fault.what)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """A token endpoint and its client.

    ca_file    -- PEM certificates that are trusted instead of the system's
    user_claim -- the claim of a token that names its user
    """

    url: str
    client_id: str
    client_secret: str
    scope: str | None = None
    ca_file: str | None = None
    user_claim: str = USER_CLAIM

    def token_seconds(self, now: float) -> float:
        """Request a token, and return its remaining lifetime. now -- seconds since the epoch. Raises NoTokenError."""
        answer = self._answer()
        if not isinstance(answer, dict):
            raise NoTokenError(TokenFault.NOT_JSON)
        if isinstance(answer.get("error"), str):
            _refused(answer["error"])
        claims = _claims(answer.get("access_token"))
        if missing := [name for name in (self.user_claim, "iat", "exp") if not claims.get(name)]:
            raise NoTokenError(TokenFault.NO_JWT, f"without {', '.join(missing)}")
        if not isinstance(claims[self.user_claim], str):
            raise NoTokenError(TokenFault.NO_JWT, f"{self.user_claim} is no text")
        expiry = claims["exp"]
        if not isinstance(expiry, int | float) or expiry >= LONGEST_SECONDS:
            raise NoTokenError(TokenFault.NO_JWT, "exp is no number of seconds")
        left = expiry - now
        if left <= 0:
            raise NoTokenError(TokenFault.EXPIRED)
        return left

    def _answer(self) -> object:
        form = {"grant_type": "client_credentials"} | ({"scope": self.scope} if self.scope else {})
        login = b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode("ascii")
        headers = {"Authorization": f"Basic {login}", "Accept": MEDIA_TYPE}
        request = Request(self.url, urlencode(form).encode(), headers)  # noqa: S310 -- https, or http on loopback
        context = ssl.create_default_context(cafile=self.ca_file)
        opener = build_opener(HTTPSHandler(context=context), _NoRedirect())
        try:
            with _opened(opener, request) as response:
                return _refusal(response) if isinstance(response, HTTPError) else _issued(response)
        except URLError as error:
            _unreachable(error.reason)
        except UnicodeError:  # from encoding a host name with an empty label, or one of more than 63 characters
            raise NoTokenError(TokenFault.UNKNOWN_HOST) from None
        except (OSError, HTTPException) as error:
            _unreachable(error)


def _opened(opener: OpenerDirector, request: Request) -> HTTPResponse | HTTPError:
    """Return the response, whatever its status."""
    try:
        response: HTTPResponse = opener.open(request, timeout=ENDPOINT_SECONDS)
    except HTTPError as error:
        return error
    return response


class _NoRedirect(HTTPRedirectHandler):
    """librdkafka follows no redirect, and the client's secret must not go elsewhere."""

    def redirect_request(self, *_: Any) -> None:
        """Follow none."""


def _issued(response: HTTPResponse) -> object:
    """Return the JSON of a success, which librdkafka reads only from a response that says that it is JSON."""
    answer = _json(response)
    if isinstance(answer, dict) and not response.headers.get("Content-Type", "").lower().startswith(MEDIA_TYPE):
        raise NoTokenError(TokenFault.NOT_JSON, f"the Content-Type is not {MEDIA_TYPE}")
    return answer


def _json(response: HTTPResponse | HTTPError) -> object:
    """Return the answer's JSON; None: it is none, too long, or too slow."""
    deadline, body = time.monotonic() + ENDPOINT_SECONDS, b""
    while chunk := response.read1(MOST_BYTES):
        body += chunk
        if len(body) > MOST_BYTES:
            return None
        if time.monotonic() > deadline:
            raise TimeoutError
    try:
        return _decoded(body)
    except (ValueError, RecursionError):
        return None


def _decoded(text: bytes) -> object:
    """Return the value of JSON, which is in UTF-8 and has no NaN (RFC 8259). Raises ValueError and RecursionError."""
    return json.loads(text.decode("utf-8-sig"), parse_constant=_not_json)


def _not_json(constant: str) -> NoReturn:
    raise ValueError(constant)


def _refusal(error: HTTPError) -> object:
    if 300 <= error.code < 400:
        raise NoTokenError(TokenFault.REDIRECT, str(error.code))
    answer = _json(error)
    if isinstance(answer, dict) and isinstance(answer.get("error"), str):
        return answer
    raise NoTokenError(TokenFault.ERROR, f"status {error.code}")


def _refused(code: str) -> NoReturn:
    """Raise for an OAuth error (RFC 6749, section 5.2). An unknown code is not shown: it may be any text."""
    raise NoTokenError(oauth_fault(code), code if code in OAUTH_ERRORS else "")


def _unreachable(reason: object) -> NoReturn:
    if isinstance(reason, ssl.SSLError):
        raise NoTokenError(TokenFault.UNTRUSTED)
    if isinstance(reason, TimeoutError):
        raise NoTokenError(TokenFault.TIMEOUT, f"{ENDPOINT_SECONDS:.0f} s")
    if isinstance(reason, socket.gaierror):
        raise NoTokenError(TokenFault.UNKNOWN_HOST)
    raise NoTokenError(TokenFault.UNREACHABLE, type(reason).__name__)


def _claims(token: object) -> dict[str, Any]:
    """Return the claims of a JWT (RFC 7519), unverified. Raises NoTokenError."""
    if not isinstance(token, str):
        raise NoTokenError(TokenFault.NO_TOKEN)
    try:
        _header, payload, _signature = token.split(".")
        claims = _decoded(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, RecursionError):
        claims = None
    if not isinstance(claims, dict):
        raise NoTokenError(TokenFault.NO_JWT)
    return claims
