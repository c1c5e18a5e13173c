"""How the worker's clients sign in to Kafka."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from consumer.kafka.msk_tokens import MskTokens
from consumer.kafka.properties import Properties


class SaslIdentity(StrEnum):
    """KAFKA_SASL_IDENTITY."""

    AWS_MSK = "aws_msk"  # AWS credentials, as IAM tokens


class Tokens(StrEnum):
    """Who issues the tokens of OAUTHBEARER."""

    NONE = "none"  # another mechanism, or no SASL
    OIDC = "oidc"  # a token endpoint
    AWS = "aws"  # this machine's AWS credentials
    OTHER = "other"  # whatever KAFKA_PROPERTIES configures


@dataclass(frozen=True, slots=True)
class Identity:
    """How the clients sign in.

    certificate -- with a client certificate
    tokens      -- who issues their tokens
    msk_tokens  -- where AWS does: why there is none
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
        ours = "sasl.oauthbearer.token.endpoint.url" in given
        return cls(certificate, Tokens.OIDC if ours else Tokens.OTHER)

    @property
    def closes_late(self) -> bool:
        """Return whether librdkafka closes a client only after a request for a token, which may hang for 20 s."""
        return self.tokens in (Tokens.OIDC, Tokens.OTHER)

    @property
    def check_also(self) -> str:
        """Return what else to check where no broker answers; empty: nothing."""
        return _WITHOUT_TOKEN.get(self.tokens, "")


_WITHOUT_TOKEN = {
    Tokens.OIDC: ", and whether KAFKA_OAUTH_TOKEN_ENDPOINT_URL answers",
    Tokens.AWS: ", and this machine's AWS credentials",
    Tokens.OTHER: ", and whether anything issues tokens (KAFKA_OAUTH_TOKEN_ENDPOINT_URL)",
}
