"""Tokens for Amazon MSK by AWS credentials: renewed in time, shared by all clients, and no reason to fail."""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from structlog.testing import capture_logs

from consumer.kafka import msk_tokens as module
from consumer.kafka.msk_tokens import PLACEHOLDER, PLACEHOLDER_SECONDS, MskTokens, msk_tokens

LIFE = 900.0
NOW = 1_000_000.0


class Aws:
    """The chain of credentials: signs, fails or hangs."""

    def __init__(self) -> None:
        self.now = NOW
        self.signed = 0
        self.error: Exception | None = None
        self.answers = threading.Event()
        self.answers.set()
        self.tokens = MskTokens(self.sign, lambda: self.now)

    def sign(self) -> tuple[str, float]:
        self.answers.wait()
        if self.error is not None:
            raise self.error
        self.signed += 1
        return f"token-{self.signed}", self.now + LIFE


@pytest.fixture
def aws() -> Aws:
    return Aws()


def test_all_clients_share_a_token(aws: Aws) -> None:
    assert [aws.tokens("") for _ in range(3)] == [("token-1", NOW + LIFE)] * 3


def test_a_token_is_renewed_when_librdkafka_asks_for_the_next(aws: Aws) -> None:
    """It does at 80 % of a token's life."""
    aws.tokens()
    aws.now += 0.8 * LIFE
    assert aws.tokens() == ("token-2", aws.now + LIFE)


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (AttributeError("'NoneType' object has no attribute 'access_key'"), "no AWS credentials found"),
        (ValueError("AWS Credentials can not be empty"), "no AWS credentials found"),
        (ConnectionError("s3cret"), "AWS credentials unavailable (ConnectionError)"),
    ],
)
def test_without_credentials_a_client_gets_a_token_that_brokers_refuse(aws: Aws, error: Exception, fault: str) -> None:
    aws.error = error
    assert aws.tokens() == (PLACEHOLDER, NOW + PLACEHOLDER_SECONDS)
    assert aws.tokens.fault == fault
    aws.error = None
    assert aws.tokens() == ("token-1", NOW + LIFE)
    assert aws.tokens.fault == ""


def test_a_token_is_used_to_its_end_while_there_is_no_next(aws: Aws) -> None:
    first = aws.tokens()
    aws.error = ConnectionError()
    with capture_logs() as logged:
        for _ in range(3):
            aws.now += LIFE / 3 - 1
            assert aws.tokens() == first
    assert [each["event"] for each in logged] == ["kafka token not renewed, retrying"]
    assert aws.tokens.fault == ""
    aws.now = first[1] - 1
    aws.now += 1
    assert aws.tokens()[0] == PLACEHOLDER
    assert aws.tokens.fault != ""


def test_credentials_that_hang_hold_no_client(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TOKEN_SECONDS", 0.01)
    aws.answers.clear()
    assert aws.tokens()[0] == PLACEHOLDER
    assert aws.tokens.fault == "no answer from AWS in time"
    monkeypatch.setattr(module, "TOKEN_SECONDS", 60.0)
    aws.answers.set()
    assert aws.tokens() == ("token-1", NOW + LIFE)


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """Give this process AWS credentials, and none of the machine's."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))

    def give(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return give


def sign(secret: str, parts: dict[str, str], host: str) -> str:
    """Return the signature of a presigned GET (AWS's Signature Version 4, query parameters)."""
    pairs = sorted((quote(name, safe=""), quote(value, safe="")) for name, value in parts.items())
    query = "&".join(f"{name}={value}" for name, value in pairs)
    request = "\n".join(["GET", "/", query, f"host:{host}", "", "host", hashlib.sha256(b"").hexdigest()])
    scope = parts["X-Amz-Credential"].split("/", 1)[1]
    digest = hashlib.sha256(request.encode()).hexdigest()
    text = "\n".join(["AWS4-HMAC-SHA256", parts["X-Amz-Date"], scope, digest])
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.new(key, text.encode(), "sha256").hexdigest()


@pytest.mark.parametrize("session", ["", "a/session+token=="])
def test_a_token_is_a_presigned_request_as_msk_documents_it(credentials: Callable[..., None], session: str) -> None:
    credentials(AWS_ACCESS_KEY_ID="AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY="s3cret/key+")
    if session:
        credentials(AWS_SESSION_TOKEN=session)
    token, ends_at = msk_tokens("eu-west-1")()
    assert "=" not in token
    url = urlsplit(urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode())
    assert (url.scheme, url.netloc, url.path) == ("https", "kafka.eu-west-1.amazonaws.com", "/")
    parts = dict(parse_qsl(url.query, strict_parsing=True))
    agent, signature, date = parts.pop("User-Agent"), parts.pop("X-Amz-Signature"), parts["X-Amz-Date"]
    assert agent.startswith("aws-msk-iam-sasl-signer-python/")
    expected = {
        "Action": "kafka-cluster:Connect",
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"AKIDEXAMPLE/{date[:8]}/eu-west-1/kafka-cluster/aws4_request",
        "X-Amz-Date": date,
        "X-Amz-Expires": "900",
        "X-Amz-SignedHeaders": "host",
    }
    assert parts == (expected | {"X-Amz-Security-Token": session} if session else expected)
    assert signature == sign("s3cret/key+", parts, url.netloc)
    assert 800 < ends_at - time.time() <= 900


def test_a_machine_without_aws_credentials_is_told_so(credentials: Callable[..., None]) -> None:
    tokens = msk_tokens("eu-west-1")
    assert tokens()[0] == PLACEHOLDER
    assert tokens.fault == "no AWS credentials found"
