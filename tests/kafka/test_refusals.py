"""What librdkafka's errors mean for an operator: its own texts, as seen on a real broker and a real token endpoint."""

from __future__ import annotations

import pytest
from confluent_kafka import KafkaError
from msgspec.structs import replace

from consumer.kafka.identity import Identity, Tokens
from consumer.kafka.msk_tokens import MskTokens
from consumer.kafka.refusals import refusal_of

OIDC = Identity(tokens=Tokens.OIDC)
FAILED = "Failed to acquire SASL OAUTHBEARER token: "
REFUSED = 'sasl_ssl://b:9092/bootstrap: SASL authentication error: {"status":"invalid_token"} (after 306ms in AUTH_REQ)'


def hint(code: int, text: str, identity: Identity) -> str:
    refusal = refusal_of(KafkaError(code, text), identity)
    assert refusal is not None
    return refusal.hint


@pytest.mark.parametrize(
    ("text", "what", "fix"),
    [
        ("Failed to connect to 127.0.0.1:1 after 0 ms: Could not connect to server", "is unreachable", "network"),
        ("Recv failure: Connection reset by peer", "is unreachable", "network"),
        ("Could not resolve host: login.example.com", "has an unknown host name", "TOKEN_ENDPOINT_URL"),
        ("Operation timed out after 20001 milliseconds with 0 bytes received", "does not answer in time", "network"),
        ("SSL certificate problem: unable to get local issuer certificate", "can't be trusted", "KAFKA_OAUTH_CA_FILE"),
        ("Response is not JSON encoded: text/html", "does not answer with JSON", "proxy"),
        ("Failed to parse JSON response at 0/18", "does not answer with JSON", "proxy"),
        ("Expected token as a string value", "answers without a token", "TOKEN_ENDPOINT_URL"),
        ("Must supply an unexpired token: now=1795841856855ms, exp=1795841849000ms", "issues expired tokens", "clock"),
        ("Must supply an unexpired token: now=1795841857004ms, exp=0ms", "are no JWT", "access tokens"),
        ("Failed to parse JSON JWT payload", "are no JWT", "access tokens"),
        ('Expected JSON response with "access_token" field', "answers without a token", "redirect"),
        ('{"error":"invalid_client","error_description":"s3cret"}', "refuses the client", "KAFKA_OAUTH_CLIENT_SECRET"),
        ('{"error": "invalid_scope"}', "refuses the scope", "KAFKA_OAUTH_SCOPE"),
        ('{"error":"unauthorized_client"}', "refuses the grant to this client", "client_credentials"),
        ('{"error":"s3cret"}', "answers with an error", "KAFKA_OAUTH_CLIENT_ID"),
        ('{"error":{"code":7}}', "answers with an error", "KAFKA_OAUTH_CLIENT_ID"),
        (
            "Failed to decode JWT payload: The token is invalid with less than 2 delimiters",
            "are no JWT",
            "access tokens",
        ),
        ("s3cret", "issues no token", "KAFKA_OAUTH_TOKEN_ENDPOINT_URL"),
    ],
)
def test_a_token_that_can_not_be_had_is_explained_and_the_answer_never_shown(text: str, what: str, fix: str) -> None:
    refusal = refusal_of(KafkaError(KafkaError._AUTHENTICATION, FAILED + text), OIDC)
    assert refusal is not None
    assert refusal.no_token
    why, _, found = refusal.hint.partition("; ")
    assert what in why
    assert fix in found
    assert "s3cret" not in refusal.hint


@pytest.mark.parametrize(
    ("identity", "setting"),
    [
        (OIDC, "KAFKA_OAUTH_SCOPE"),
        (Identity(tokens=Tokens.AWS, msk_tokens=MskTokens(lambda: ("t", 0.0))), "kafka-cluster:Connect"),
        (Identity(tokens=Tokens.OTHER), "KAFKA_PROPERTIES"),
        (Identity(), "KAFKA_SASL_PASSWORD"),
    ],
    ids=["oidc", "aws", "properties", "password"],
)
def test_a_refused_sign_in_names_the_settings_of_its_identity(identity: Identity, setting: str) -> None:
    assert setting in hint(KafkaError._AUTHENTICATION, REFUSED, identity)


def test_a_placeholder_that_brokers_refuse_is_no_token() -> None:
    tokens = MskTokens(lambda: ("t", 0.0))
    tokens.fault = "no AWS credentials found"
    refusal = refusal_of(
        KafkaError(KafkaError._AUTHENTICATION, REFUSED), Identity(tokens=Tokens.AWS, msk_tokens=tokens)
    )
    assert refusal is not None
    assert refusal.no_token
    assert refusal.hint.startswith("no token: no AWS credentials found; ")


@pytest.mark.parametrize(
    "alert", ["bad certificate: SSL alert number 42", "certificate required: SSL alert number 116"]
)
def test_a_refused_client_certificate_arrives_as_a_lost_connection(alert: str) -> None:
    text = f"ssl://b:9093/bootstrap: Receive failed: error:0A000412:SSL routines::ssl/tls alert {alert} (after 4ms)"
    identity = Identity(certificate=True)
    refusal = refusal_of(KafkaError(KafkaError._TRANSPORT, text), identity)
    assert refusal is not None
    assert refusal.code == KafkaError._SSL
    assert "Kafka refuses the client certificate" in refusal.hint
    without = hint(KafkaError._TRANSPORT, text, replace(identity, certificate=False))
    assert without.startswith("Kafka requires a client certificate; set KAFKA_SSL_CERTIFICATE_LOCATION")


@pytest.mark.parametrize(
    "text", ["Disconnected", "ssl/tls alert internal error: SSL alert number 80", "SSL alert number 421"]
)
def test_another_lost_connection_is_no_refusal(text: str) -> None:
    assert refusal_of(KafkaError(KafkaError._TRANSPORT, text), Identity(certificate=True)) is None
