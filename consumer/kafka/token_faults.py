"""The faults of a token endpoint: what is wrong with it, and the fix. The worker and `check` report the same texts."""

from __future__ import annotations

from enum import Enum

_URL = "check KAFKA_OAUTH_TOKEN_ENDPOINT_URL"
_LOGIN = "check KAFKA_OAUTH_CLIENT_ID and KAFKA_OAUTH_CLIENT_SECRET"
_JWT = "JWT with sub, iat and exp"  # librdkafka reads the user and the lifetime of a token from these


class TokenFault(Enum):
    """Why a token endpoint issues no token that librdkafka can use.

    what -- a verb and its object; the endpoint is the subject
    hint -- the fix
    """

    UNKNOWN_HOST = ("has an unknown host name", _URL)
    UNREACHABLE = ("is unreachable", f"{_URL} and the network")
    TIMEOUT = ("does not answer in time", f"{_URL} and the network")
    UNTRUSTED = ("can't be trusted", "check KAFKA_OAUTH_CA_FILE, and the host name in KAFKA_OAUTH_TOKEN_ENDPOINT_URL")
    REDIRECT = ("redirects", "set KAFKA_OAUTH_TOKEN_ENDPOINT_URL to the address that it redirects to")
    CLIENT_REFUSED = ("refuses the client", _LOGIN)
    GRANT_REFUSED = (
        "refuses the grant to this client",
        "allow the client of KAFKA_OAUTH_CLIENT_ID to use the grant client_credentials",
    )
    SCOPE_REFUSED = ("refuses the scope", "check KAFKA_OAUTH_SCOPE")
    ERROR = ("answers with an error", f"{_LOGIN}, KAFKA_OAUTH_SCOPE, and the endpoint's log")
    NOT_JSON = ("does not answer with JSON", f"{_URL}: a page or a proxy may answer for it")
    NO_TOKEN = ("answers without a token", f"{_URL}: it may redirect")
    NO_JWT = (f"issues tokens that are no {_JWT}", f"have it issue access tokens that are a {_JWT}")
    EXPIRED = ("issues expired tokens", "compare this machine's clock with the endpoint's")
    OTHER = ("issues no token", f"{_URL}, KAFKA_OAUTH_CLIENT_ID and KAFKA_OAUTH_CLIENT_SECRET")

    def __init__(self, what: str, hint: str) -> None:
        self.what = what
        self.hint = hint


# Error codes of RFC 6749 (section 5.2), and `access_denied` of some endpoints.
OAUTH_ERRORS = {
    "invalid_client": TokenFault.CLIENT_REFUSED,
    "access_denied": TokenFault.CLIENT_REFUSED,
    "unauthorized_client": TokenFault.GRANT_REFUSED,
    "invalid_scope": TokenFault.SCOPE_REFUSED,
}


def oauth_fault(code: str) -> TokenFault:
    """Return the fault of an OAuth error code, which may be any text."""
    return OAUTH_ERRORS.get(code, TokenFault.ERROR)
