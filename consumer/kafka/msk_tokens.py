"""The tokens with which a client signs in to Amazon MSK by AWS credentials (IAM)."""

from __future__ import annotations

import time
from collections.abc import Callable

from consumer.extras import Extra, require
from consumer.threads import OsThreads, Threads

TOKEN_SECONDS = 5.0  # confluent-kafka's clients wait 10 s for their first token, then they can't be made
RENEW_SECONDS = 240.0  # of a token's lifetime of 900; librdkafka asks when 180 are left
PLACEHOLDER = "no-token"
PLACEHOLDER_SECONDS = 10.0  # after 80 % of them librdkafka asks again

Sign = Callable[[], tuple[str, float]]


class MskTokens:
    """librdkafka's `oauth_cb`: returns a token and its expiry, the same for all clients of a process. Thread-safe.

    It never raises, and answers within `TOKEN_SECONDS`: librdkafka calls it from threads of its own, and while a
    client is made or closed (confluent-kafka 2.13; before, in `poll`). Without a token it returns one that every broker
    refuses, so that the client is made, and waits as it does with a wrong password.

    sign  -- returns a token and its expiry, in seconds since the epoch; may block and raise
    clock -- seconds since the epoch
    """

    def __init__(self, sign: Sign, clock: Callable[[], float] = time.time, threads: Threads | None = None) -> None:
        self._sign = sign
        self._clock = clock
        self._threads = threads or OsThreads()
        self._lock, self._signed = self._threads.condition()
        self._token, self._expires_at = "", 0.0
        self._signing = False
        self._warned = False  # that the present token has no next one
        self.fault = ""  # why there is no token; empty: there is one, or none was asked for

    def __call__(self, _config: str = "") -> tuple[str, float]:
        """Return a token and its expiry, in seconds since the epoch."""
        with self._lock:
            if self._expires_at - self._clock() < RENEW_SECONDS:
                if not self._signing:
                    self._signing = True
                    self._threads.start(self._renew, "aws-token")
                self._signed.wait(TOKEN_SECONDS)
                if self._signing:
                    self._fail("no answer from AWS in time")
            now = self._clock()
            if self._expires_at > now:
                return self._token, self._expires_at
            return PLACEHOLDER, now + PLACEHOLDER_SECONDS

    def _renew(self) -> None:
        fault, token, expires_at = "", "", 0.0
        try:
            token, expires_at = self._sign()
        except Exception as error:  # the chain of credentials may raise any exception of its libraries
            fault = _fault_of(error)
        with self._lock:
            self._signing = False
            if fault:
                self._fail(fault)
            else:
                self._token, self._expires_at, self.fault = token, expires_at, ""
                self._warned = False
            self._signed.notify_all()

    def _fail(self, fault: str) -> None:
        if self._expires_at <= self._clock():
            self.fault = fault
        elif not self._warned:
            self._warned = True
            _warn(fault)


def _warn(cause: str) -> None:
    import structlog  # noqa: PLC0415 -- the settings load this module; `log.configure` then does without rich

    hint = "check this machine's AWS credentials"
    structlog.get_logger().warning("kafka token not renewed, retrying", cause=cause, hint=hint)


def _fault_of(error: Exception) -> str:
    """Return why AWS's library signed no token. Never the exception's text."""
    if isinstance(error, AttributeError | ValueError):  # from None instead of credentials, and from empty ones
        return "no AWS credentials found"
    return f"AWS credentials unavailable ({type(error).__name__})"


def msk_tokens(region: str) -> MskTokens:
    """Return the tokens by this machine's AWS credentials. Raises ConfigurationError where the extra is missing."""
    require(Extra.AWS, "KAFKA_SASL_IDENTITY=aws_msk")
    from aws_msk_iam_sasl_signer import MSKAuthTokenProvider  # noqa: PLC0415 -- only where it is used

    def sign() -> tuple[str, float]:
        token, expires_at_ms = MSKAuthTokenProvider.generate_auth_token(region)
        return token, expires_at_ms / 1000

    return MskTokens(sign)
