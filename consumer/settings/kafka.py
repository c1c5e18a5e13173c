"""The section KAFKA: the connection with its identity, the source topics and the dead-letter topic."""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import Annotated

from msgspec import Meta
from msgspec.structs import asdict

from consumer.errors import Problem
from consumer.formats.value_format import ValueFormat
from consumer.kafka.identity import SaslIdentity
from consumer.kafka.msk_tokens import msk_tokens
from consumer.kafka.properties import SETTINGS, GroupProtocol, OffsetReset, Properties, Value, refusals
from consumer.settings import kafka_identity as identity
from consumer.settings import section as kind
from consumer.settings.field import DefaultShown, Earlier, Fits
from consumer.settings.section import Section
from consumer.settings.values import Secret, SettingError, topic_name


class SecurityProtocol(StrEnum):
    """librdkafka's security.protocol."""

    PLAINTEXT = "plaintext"
    SSL = "ssl"
    SASL_PLAINTEXT = "sasl_plaintext"
    SASL_SSL = "sasl_ssl"

    @property
    def has_sasl(self) -> bool:
        return self in (SecurityProtocol.SASL_PLAINTEXT, SecurityProtocol.SASL_SSL)

    @property
    def has_tls(self) -> bool:
        return self in (SecurityProtocol.SSL, SecurityProtocol.SASL_SSL)


class SaslMechanism(StrEnum):
    """The mechanisms of confluent-kafka's wheels, whose librdkafka is built without Kerberos."""

    PLAIN = "PLAIN"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"
    OAUTHBEARER = "OAUTHBEARER"


Login = str | Secret | None


class Kafka(Section, frozen=True):
    """Kafka: the connection, the source topics and the dead-letter topic."""

    bootstrap_servers: Annotated[kind.Servers, "Kafka's servers as `host:port`, comma-separated"]
    topic: Annotated[kind.TopicNames, "source topic, or several, comma-separated"]
    group_id: Annotated[str, "consumer group; its workers share the partitions"] = "clicksend-consumer"
    dead_letter_topic: Annotated[
        str,
        "topic for dead letters; must exist at start. Required with several source topics",
        DefaultShown("<topic>.dead-letter"),
        Fits(_dead_letter_topic),
    ] = ""
    create_dead_letter_topic: Annotated[bool, "`true`: create a missing dead-letter topic"] = False
    group_protocol: Annotated[GroupProtocol, "`classic` (cooperative-sticky) or `consumer` (KIP-848)"] = (
        GroupProtocol.CLASSIC
    )
    group_instance_id: Annotated[
        str | None,
        "static membership (KIP-345): this worker's unique name in the group, unchanged by a restart, which"
        " then moves no partition; for a StatefulSet",
    ] = None
    auto_offset_reset: Annotated[
        OffsetReset,
        "`earliest`, `latest` or `error`: start of partitions without a usable committed offset",
    ] = OffsetReset.EARLIEST
    session_timeout_ms: Annotated[
        int, Meta(ge=1, le=3_600_000), "milliseconds; for `classic` only, ignored with a warning otherwise"
    ] = 45_000
    max_poll_interval_ms: Annotated[
        int,
        Meta(ge=1, le=86_400_000),
        "milliseconds; Kafka removes a worker from the group after this time without a poll",
        Fits(_no_shorter_than_the_session),
    ] = 300_000
    value_format: Annotated[
        ValueFormat,
        "`auto` (JSON, gzip, framed JSON, CloudEvents), `json`, `registry` (Avro, JSON Schema, Protobuf) or"
        " `cloudevents`",
    ] = ValueFormat.AUTO
    properties: Annotated[
        kind.Properties,
        "JSON (a table in TOML): other librdkafka properties; those that the worker owns are refused",
        Fits(_not_the_workers),
    ] = {}  # noqa: RUF012 -- msgspec copies it
    security_protocol: Annotated[SecurityProtocol, "`plaintext`, `ssl`, `sasl_plaintext` or `sasl_ssl`"] = (
        SecurityProtocol.PLAINTEXT
    )
    sasl_identity: Annotated[
        SaslIdentity | None,
        "`aws_msk`: sign in with this machine's AWS credentials (IAM; extra `aws`)",
        Fits(_over_tls),
    ] = None
    aws_region: Annotated[
        identity.AwsRegion | None,
        "AWS region of the brokers (`eu-west-1`), for `KAFKA_SASL_IDENTITY=aws_msk`",
        Fits(_of_the_identity),
    ] = None
    oauth_token_endpoint_url: Annotated[
        identity.TokenUrl | None,
        "URL of an OAuth 2.0 token endpoint (OIDC, client credentials); implies `OAUTHBEARER`. Plain HTTP"
        " for loopback only",
        Fits(_only_identity),
    ] = None
    oauth_client_id: Annotated[
        identity.ClientId | None, "client id for the token endpoint", Fits(_of_the_token_endpoint)
    ] = None
    oauth_client_secret: Annotated[
        Secret | None, "client secret for the token endpoint", Fits(_of_the_token_endpoint)
    ] = None
    oauth_scope: Annotated[str | None, "scope of the requested token", Fits(_for_the_token_endpoint)] = None
    oauth_extensions: Annotated[
        identity.Extensions | None,
        "SASL extensions for the brokers, `name=value`, comma-separated",
        Fits(_for_the_token_endpoint),
    ] = None
    oauth_ca_file: Annotated[
        identity.Certificates | None,
        "CA file for the token endpoint's certificate, PEM",
        Fits(_for_the_token_endpoint),
    ] = None
    sasl_mechanism: Annotated[
        SaslMechanism | None,
        "`PLAIN`, `SCRAM-SHA-256`, `SCRAM-SHA-512` or `OAUTHBEARER`",
        Fits(_mechanism_fits_protocol),
    ] = None
    sasl_username: Annotated[str | None, "SASL user name", Fits(_login_fits_mechanism)] = None
    sasl_password: Annotated[Secret | None, "SASL password", Fits(_login_fits_mechanism)] = None
    ssl_ca_location: Annotated[kind.CaLocation | None, "CA file for the brokers' certificates, PEM"] = None
    ssl_certificate_location: Annotated[
        identity.Certificates | None,
        "file of the client certificate with its chain, PEM (mTLS)",
        Fits(_certificate_needs_tls),
    ] = None
    ssl_key_location: Annotated[
        kind.ReadableFile | None,
        "file of the client certificate's private key, PEM; may be the certificate's",
        Fits(_key_of_a_certificate),
    ] = None
    ssl_key_password: Annotated[Secret | None, "password of an encrypted private key", Fits(_key_fits_certificate)] = (
        None
    )

    @property
    def topics(self) -> tuple[str, ...]:
        """Return the source topics: KAFKA_TOPIC may name several."""
        return self.topic

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Return warnings about settings without effect, and tokens without a source."""
        unused = []
        if self.group_protocol is GroupProtocol.CONSUMER and "session_timeout_ms" in self.given:
            what = "is ignored: with KAFKA_GROUP_PROTOCOL=consumer the broker sets it"
            unused.append(Problem("KAFKA_SESSION_TIMEOUT_MS", what, "Leave it out"))
        if self.ssl_ca_location and not self.security_protocol.has_tls:
            what = "is ignored: KAFKA_SECURITY_PROTOCOL has no TLS"
            unused.append(Problem("KAFKA_SSL_CA_LOCATION", what, "Set KAFKA_SECURITY_PROTOCOL=ssl or sasl_ssl"))
        mechanism, source = self.sasl_mechanism, identity.token_source(asdict(self))
        if mechanism is SaslMechanism.OAUTHBEARER and not source and not identity.token_properties(self.properties):
            what = "is OAUTHBEARER, and nothing issues tokens"
            hint = "Set KAFKA_OAUTH_TOKEN_ENDPOINT_URL, or KAFKA_SASL_IDENTITY=aws_msk"
            unused.append(Problem("KAFKA_SASL_MECHANISM", what, hint))
        return tuple(unused)


def client_properties(kafka: Kafka) -> Properties:
    """Return the librdkafka properties of every client: the connection's, its identity's and the operator's own.

    Raises ConfigurationError where the identity needs an extra that is not installed.
    """
    given = {name: getattr(kafka, field) for name, field in SETTINGS.items()}
    properties = {**kafka.properties, **{name: _plain(value) for name, value in given.items() if value is not None}}
    if kafka.oauth_token_endpoint_url is not None:
        properties["sasl.oauthbearer.method"] = "oidc"
    if kafka.sasl_identity is SaslIdentity.AWS_MSK:
        properties["oauth_cb"] = msk_tokens(kafka.aws_region or "")
    return properties


def _plain(value: Value | Enum | Secret) -> Value:
    if isinstance(value, Secret):
        return value.reveal()
    return value.value if isinstance(value, Enum) else value


def _dead_letter_topic(name: str, earlier: Earlier) -> str:
    topics: tuple[str, ...] = earlier.get("topic", ())
    if not name and len(topics) > 1:
        raise SettingError("is missing, and there are several topics", "Set the topic for their dead letters")
    name = name or "".join(f"{topic}.dead-letter" for topic in topics)
    if name in topics:
        raise SettingError("is a source topic: dead letters would be consumed again", "Choose another topic")
    return topic_name(name) if name else name


def _no_shorter_than_the_session(interval: int, earlier: Earlier) -> int:
    classic = earlier.get("group_protocol") is GroupProtocol.CLASSIC
    if classic and interval < earlier.get("session_timeout_ms", 0):
        raise SettingError("is below KAFKA_SESSION_TIMEOUT_MS", "Raise it, or lower KAFKA_SESSION_TIMEOUT_MS")
    return interval


def _over_tls(given: SaslIdentity | None, earlier: Earlier) -> SaslIdentity | None:
    if given is not None:
        if earlier.get("security_protocol", SecurityProtocol.SASL_SSL) is not SecurityProtocol.SASL_SSL:
            raise SettingError("needs SASL over TLS", "Set KAFKA_SECURITY_PROTOCOL=sasl_ssl")
        identity.refuse_token_properties(earlier.get("properties", {}))
    return given


def _of_the_identity(region: str | None, earlier: Earlier) -> str | None:
    return identity.needed_with(region, earlier, "sasl_identity")


def _only_identity(url: str | None, earlier: Earlier) -> str | None:
    if url is None:
        return url
    if earlier.get("sasl_identity") is not None:
        raise SettingError("is set, and so is KAFKA_SASL_IDENTITY", "Leave one of them out")
    if not earlier.get("security_protocol", SecurityProtocol.SASL_SSL).has_sasl:
        what = "is set, and KAFKA_SECURITY_PROTOCOL has no SASL"
        raise SettingError(what, "Set KAFKA_SECURITY_PROTOCOL=sasl_ssl")
    identity.refuse_token_properties(earlier.get("properties", {}))
    return url


def _of_the_token_endpoint(given: Login, earlier: Earlier) -> Login:
    return identity.needed_with(given, earlier, "oauth_token_endpoint_url")


def _for_the_token_endpoint(given: str | None, earlier: Earlier) -> str | None:
    return identity.allowed_with(given, earlier, "oauth_token_endpoint_url")


def _mechanism_fits_protocol(mechanism: SaslMechanism | None, earlier: Earlier) -> SaslMechanism | None:
    protocol = earlier.get("security_protocol")
    source = identity.token_source(earlier)
    if source is identity.Source.UNKNOWN:
        return mechanism
    if source:
        if mechanism not in (None, SaslMechanism.OAUTHBEARER):
            what = f"is set, and {source} implies OAUTHBEARER"
            raise SettingError(what, f"Leave it out, or leave {source} out")
        return SaslMechanism.OAUTHBEARER
    if protocol and protocol.has_sasl and mechanism is None:
        raise SettingError("is missing, and KAFKA_SECURITY_PROTOCOL requires SASL", "Set the mechanism of your brokers")
    if protocol and not protocol.has_sasl and mechanism is not None:
        raise SettingError("is set, and KAFKA_SECURITY_PROTOCOL has no SASL", "Set KAFKA_SECURITY_PROTOCOL=sasl_ssl")
    return mechanism


def _login_fits_mechanism(given: Login, earlier: Earlier) -> Login:
    if "sasl_mechanism" not in earlier:
        return given
    mechanism = earlier["sasl_mechanism"]
    if given is not None and mechanism is None:
        raise SettingError(
            "is set without KAFKA_SASL_MECHANISM", "Set KAFKA_SASL_MECHANISM and KAFKA_SECURITY_PROTOCOL"
        )
    if given is not None and mechanism is SaslMechanism.OAUTHBEARER:
        raise SettingError("is set, and OAUTHBEARER takes tokens only", "Leave it out")
    if given is None and mechanism not in (None, SaslMechanism.OAUTHBEARER):
        raise SettingError("is missing, and KAFKA_SASL_MECHANISM requires it", "Set it")
    return given


def _certificate_needs_tls(path: str | None, earlier: Earlier) -> str | None:
    if path is None:
        return path
    if not earlier.get("security_protocol", SecurityProtocol.SSL).has_tls:
        raise SettingError(
            "is set, and KAFKA_SECURITY_PROTOCOL has no TLS", "Set KAFKA_SECURITY_PROTOCOL=ssl or sasl_ssl"
        )
    identity.refuse_certificate_properties(earlier.get("properties", {}))
    return path


def _key_of_a_certificate(path: str | None, earlier: Earlier) -> str | None:
    return identity.needed_with(path, earlier, "ssl_certificate_location")


def _key_fits_certificate(password: Secret | None, earlier: Earlier) -> Secret | None:
    password = identity.allowed_with(password, earlier, "ssl_certificate_location")
    certificate, key = earlier.get("ssl_certificate_location"), earlier.get("ssl_key_location")
    if certificate is not None and key is not None:
        identity.refuse_other_key(certificate, key, password.reveal() if password else None)
    return password


def _not_the_workers(given: dict[str, str], earlier: Earlier) -> dict[str, str]:
    if hints := list(refusals(given, earlier.get("group_protocol"))):
        raise SettingError("sets properties that the worker owns", "; ".join(hints))
    return given
