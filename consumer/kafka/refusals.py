"""The reasons why Kafka, or a token endpoint, refuses access, and the fix of each.

librdkafka's texts quote the token endpoint's answer, which may quote a secret: they are recognised, never shown.
"""

from __future__ import annotations

import re

from confluent_kafka import KafkaError
from msgspec import Struct

from consumer.kafka.identity import Identity, Tokens
from consumer.kafka.token_faults import TokenFault, oauth_fault

# Only an operator can fix these.
REFUSALS = {
    KafkaError._AUTHENTICATION: "Kafka refuses the credentials; check KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD and"
    " KAFKA_SASL_MECHANISM",
    KafkaError._SSL: "the TLS connection to Kafka can't be trusted; check KAFKA_SSL_CA_LOCATION and the broker's name",
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "Kafka forbids this user to read the topic; grant READ and DESCRIBE on"
    " KAFKA_TOPIC",
    KafkaError.GROUP_AUTHORIZATION_FAILED: "Kafka forbids this user to use the group; grant READ on KAFKA_GROUP_ID",
    KafkaError.INCONSISTENT_GROUP_PROTOCOL: "another program uses the group with another assignor or protocol; stop it,"
    " or set another KAFKA_GROUP_ID",
}
OF_THE_GROUP = frozenset({KafkaError.GROUP_AUTHORIZATION_FAILED, KafkaError.INCONSISTENT_GROUP_PROTOCOL})
RIGHTS = OF_THE_GROUP | {KafkaError.TOPIC_AUTHORIZATION_FAILED}

_TOKEN_REFUSED = {
    Tokens.OIDC: "Kafka refuses the token; check the audience and the scope that the brokers expect (KAFKA_OAUTH_SCOPE,"
    " KAFKA_OAUTH_CLIENT_ID), and whether KAFKA_OAUTH_TOKEN_ENDPOINT_URL issues new tokens",
    Tokens.AWS: "Kafka refuses the AWS identity; grant it kafka-cluster:Connect on the cluster, and check"
    " KAFKA_AWS_REGION and this machine's clock",
    Tokens.OTHER: "Kafka refuses the token; check the sasl.oauthbearer properties in KAFKA_PROPERTIES",
}
_NO_AWS_TOKEN = "no token: {fault}; give this machine AWS credentials: a role, a web identity, or AWS_ACCESS_KEY_ID"  # noqa: S105 -- none is in it

_CERTIFICATE_WANTED = (
    "Kafka requires a client certificate; set KAFKA_SSL_CERTIFICATE_LOCATION and KAFKA_SSL_KEY_LOCATION"
)
_CERTIFICATE_REFUSED = (
    "Kafka refuses the client certificate; check the expiry and the issuer of KAFKA_SSL_CERTIFICATE_LOCATION, and"
    " restart the worker if the file was renewed"
)
# Alerts about the client's certificate (RFC 8446, section 6.2); librdkafka reports them as a lost connection.
_ALERT = re.compile(r"SSL alert number (41|42|43|44|45|46|48|49|116)\b")

# The beginnings of librdkafka's texts, and what curl, the endpoint or librdkafka says after them; the first counts.
_NO_TOKEN = ("Failed to acquire SASL OAUTHBEARER token", "OAUTHBEARER cannot log in because there is no token")
_OAUTH_ERROR = re.compile(r'"error"\s*:\s*"?([^"]*)')
_SIGNS = (
    ("not JSON|parse JSON response", TokenFault.NOT_JSON),
    ("access_token|token as a string", TokenFault.NO_TOKEN),
    (r"unexpired token.*exp=0ms", TokenFault.NO_JWT),  # an expiry that is no number
    ("unexpired token", TokenFault.EXPIRED),
    ("JWT|jwt|claim|payload", TokenFault.NO_JWT),
    ("timed out|Timeout", TokenFault.TIMEOUT),
    ("certificate|SSL|TLS", TokenFault.UNTRUSTED),
    ("resolve", TokenFault.UNKNOWN_HOST),
    ("[Cc]onnect", TokenFault.UNREACHABLE),
)


class Refusal(Struct, frozen=True):
    """Why access is refused.

    code     -- of librdkafka; the same for all that one fix ends
    hint     -- what is wrong, a semicolon, the fix
    no_token -- whether no broker was asked, as there is no token
    """

    code: int
    hint: str
    no_token: bool = False


def refusal_of(error: KafkaError, identity: Identity) -> Refusal | None:
    """Return what an error of librdkafka means for a client with this identity; None: it is no refusal."""
    code, text = error.code(), error.str()
    if code == KafkaError._AUTHENTICATION:
        return _sign_in_refused(text, identity)
    if code == KafkaError._TRANSPORT and _ALERT.search(text):
        return Refusal(KafkaError._SSL, _CERTIFICATE_REFUSED if identity.certificate else _CERTIFICATE_WANTED)
    return Refusal(code, REFUSALS[code]) if code in REFUSALS else None


def _sign_in_refused(text: str, identity: Identity) -> Refusal:
    code, source = KafkaError._AUTHENTICATION, identity.msk_tokens
    if source is not None and source.fault:
        return Refusal(code, _NO_AWS_TOKEN.format(fault=source.fault), no_token=True)
    if identity.tokens is Tokens.OIDC and any(start in text for start in _NO_TOKEN):
        fault = _endpoint_fault(text)
        return Refusal(code, f"no token: the token endpoint {fault.what}; {fault.hint}", no_token=True)
    return Refusal(code, _TOKEN_REFUSED.get(identity.tokens, REFUSALS[code]))


def _endpoint_fault(text: str) -> TokenFault:
    if error := _OAUTH_ERROR.search(text):
        return oauth_fault(error[1])
    return next((fault for sign, fault in _SIGNS if re.search(sign, text)), TokenFault.OTHER)
