"""One request for a token, as librdkafka sends it, with the endpoint's answer explained."""

from __future__ import annotations

import json
import ssl
import time
from base64 import b64encode, urlsafe_b64decode
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from typing import Any, NoReturn
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, HTTPSHandler, OpenerDirector, Request, build_opener

ANSWER_SECONDS = 10.0
MOST_BYTES = 65_536
NEEDED_CLAIMS = ("sub", "iat", "exp")  # librdkafka reads the user and the life of a token from these

REFUSED = {
    "invalid_client": "KAFKA_OAUTH_CLIENT_ID and KAFKA_OAUTH_CLIENT_SECRET",
    "unauthorized_client": "whether this client may use the grant client_credentials",
    "invalid_scope": "KAFKA_OAUTH_SCOPE",
}
URL = "KAFKA_OAUTH_TOKEN_ENDPOINT_URL"


class NoTokenError(Exception):
    """The endpoint issues no token that librdkafka can use. what -- why, hint -- the fix."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """A token endpoint and its client.

    ca_file -- PEM certificates that are trusted instead of the system's
    """

    url: str
    client_id: str
    client_secret: str
    scope: str | None = None
    ca_file: str | None = None

    def token_seconds(self, now: float) -> float:
        """Request a token, and return its remaining life. now -- seconds since the epoch. Raises NoTokenError."""
        answer = self._answer()
        if not isinstance(answer, dict):
            raise NoTokenError("does not answer with JSON", f"Check {URL}: a page or a proxy may answer for it")
        if isinstance(answer.get("error"), str):
            _refused(answer["error"])
        claims = _claims(answer.get("access_token"))
        if missing := [name for name in NEEDED_CLAIMS if not claims.get(name)]:
            what = f"issues tokens without {', '.join(missing)}"
            raise NoTokenError(what, f"Have it issue JWT access tokens with {', '.join(NEEDED_CLAIMS)}")
        try:
            return float(claims["exp"]) - now
        except (TypeError, ValueError, OverflowError):
            raise NoTokenError("issues tokens whose exp is no number", "Have it issue JWT access tokens") from None

    def _answer(self) -> object:
        form = {"grant_type": "client_credentials"} | ({"scope": self.scope} if self.scope else {})
        login = b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode("ascii")
        headers = {"Authorization": f"Basic {login}", "Accept": "application/json"}
        request = Request(self.url, urlencode(form).encode(), headers)  # noqa: S310 -- https, or http on loopback
        context = ssl.create_default_context(cafile=self.ca_file)
        opener = build_opener(HTTPSHandler(context=context), _NoRedirect())
        try:
            with _opened(opener, request) as response:
                return _refusal(response) if isinstance(response, HTTPError) else _json(response)
        except URLError as error:
            _unreachable(error.reason)
        except (OSError, HTTPException) as error:
            _unreachable(error)


def _opened(opener: OpenerDirector, request: Request) -> HTTPResponse | HTTPError:
    """Return the response, whatever its status."""
    try:
        response: HTTPResponse = opener.open(request, timeout=ANSWER_SECONDS)
    except HTTPError as error:
        return error
    return response


class _NoRedirect(HTTPRedirectHandler):
    """librdkafka follows no redirect, and the client's secret must not go elsewhere."""

    def redirect_request(self, *_: Any) -> None:
        """Follow none."""


def _json(response: HTTPResponse | HTTPError) -> object:
    """Return the answer's JSON; None: it is none, too long, or too slow."""
    deadline, body = time.monotonic() + ANSWER_SECONDS, b""
    while chunk := response.read1(MOST_BYTES):
        body += chunk
        if len(body) > MOST_BYTES:
            return None
        if time.monotonic() > deadline:
            raise TimeoutError
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _refusal(error: HTTPError) -> object:
    if 300 <= error.code < 400:
        raise NoTokenError(f"redirects ({error.code})", f"Set {URL} to the address that it redirects to")
    answer = _json(error)
    if isinstance(answer, dict) and isinstance(answer.get("error"), str):
        return answer
    raise NoTokenError(f"answers with status {error.code}", f"Check {URL}, and the endpoint's log")


def _refused(code: str) -> NoReturn:
    """Raise for an OAuth error (RFC 6749, section 5.2). An unknown code is not shown: it may be any text."""
    shown = code if code in REFUSED else "another error"
    raise NoTokenError(f"refuses: {shown}", f"Check {REFUSED.get(code, 'the log of the endpoint')}")


def _unreachable(reason: object) -> NoReturn:
    if isinstance(reason, ssl.SSLError):
        raise NoTokenError("can't be trusted", f"Check KAFKA_OAUTH_CA_FILE, and the host name in {URL}")
    if isinstance(reason, TimeoutError):
        raise NoTokenError(f"does not answer within {ANSWER_SECONDS:.0f} s", f"Check {URL} and the network")
    raise NoTokenError(f"is unreachable ({type(reason).__name__})", f"Check {URL} and the network")


def _claims(token: object) -> dict[str, Any]:
    """Return the claims of a JWT (RFC 7519), unverified. Raises NoTokenError."""
    if not isinstance(token, str):
        raise NoTokenError("answers without a token", f"Check {URL}")
    try:
        payload = token.split(".")[1]
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, RecursionError):
        claims = None
    if not isinstance(claims, dict):
        raise NoTokenError("issues tokens that are no JWT", "Have it issue JWT access tokens")
    return claims
