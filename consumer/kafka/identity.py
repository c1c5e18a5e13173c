"""The identity with which the worker's clients sign in to Kafka."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from consumer.kafka.msk_tokens import MskTokens
from consumer.kafka.properties import OTHER_GRANTS, Properties


class SaslIdentity(StrEnum):
    """KAFKA_SASL_IDENTITY."""

    AWS_MSK = "aws_msk"  # AWS credentials, as IAM tokens


class Tokens(StrEnum):
    """The source of OAUTHBEARER tokens."""

    NONE = "none"  # another mechanism, or no SASL
    OIDC = "oidc"  # the token endpoint of KAFKA_OAUTH_TOKEN_ENDPOINT_URL
    AWS = "aws"  # this machine's AWS credentials
    OTHER = "other"  # the properties in KAFKA_PROPERTIES, or none


class Identity(Struct, frozen=True):
    """The identity of the clients.

    certificate -- whether they have a client certificate
    tokens      -- the source of their tokens
    msk_tokens  -- for AWS: the tokens, with the fault if there is none
    """

    certificate: bool = False
    tokens: Tokens = Tokens.NONE
    msk_tokens: MskTokens | None = None

    @classmethod
    def of(cls, given: Properties) -> Identity:
        """Return the identity that these properties configure."""
        certificate, source = "ssl.certificate.location" in given, given.get("oauth_cb")
        if isinstance(source, MskTokens):
            return cls(certificate, Tokens.AWS, source)
        if given.get("sasl.mechanism") != "OAUTHBEARER":
            return cls(certificate)
        # The URL of KAFKA_OAUTH_TOKEN_ENDPOINT_URL; another grant, which excludes that setting, may have one, too.
        of_settings = "sasl.oauthbearer.token.endpoint.url" in given and not OTHER_GRANTS.intersection(given)
        return cls(certificate, Tokens.OIDC if of_settings else Tokens.OTHER)

    @property
    def close_may_hang(self) -> bool:
        """Return whether closing a client may hang for 20 s: librdkafka first completes a request for a token."""
        return self.tokens in (Tokens.OIDC, Tokens.OTHER)

    @property
    def further_checks(self) -> str:
        """Return what else to check where no broker answers; empty: nothing."""
        return _WITHOUT_TOKEN.get(self.tokens, "")


_WITHOUT_TOKEN = {
    Tokens.OIDC: ", and whether KAFKA_OAUTH_TOKEN_ENDPOINT_URL answers",
    Tokens.AWS: ", and this machine's AWS credentials",
    Tokens.OTHER: ", and the source of tokens (KAFKA_OAUTH_TOKEN_ENDPOINT_URL or KAFKA_PROPERTIES)",
}
