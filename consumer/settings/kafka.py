"""The section KAFKA: the connection with its identity, the source topics and the dead-letter topic."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, SecretStr, ValidationInfo
from pydantic import field_validator as check

from consumer.errors import Problem
from consumer.formats.value_format import ValueFormat
from consumer.kafka.identity import SaslIdentity
from consumer.kafka.properties import GroupProtocol, OffsetReset, refusals
from consumer.settings import kafka_identity as identity
from consumer.settings import section as kind
from consumer.settings.section import Section
from consumer.settings.values import SettingError, topic_name


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


Login = str | SecretStr | None


class Kafka(Section):
    """Kafka: the connection, the source topics and the dead-letter topic."""

    bootstrap_servers: kind.Servers = Field(description="Kafka's servers as `host:port`, comma-separated")
    topic: kind.TopicNames = Field(description="source topic, or several, comma-separated")
    group_id: str = Field("clicksend-consumer", description="consumer group; its workers share the partitions")
    dead_letter_topic: str = Field(
        "",
        json_schema_extra={"default_shown": "<topic>.dead-letter"},
        description="topic for dead letters; must exist at start. Required with several source topics",
    )
    create_dead_letter_topic: bool = Field(default=False, description="`true`: create a missing dead-letter topic")
    group_protocol: GroupProtocol = Field(
        GroupProtocol.CLASSIC, description="`classic` (cooperative-sticky) or `consumer` (KIP-848)"
    )
    group_instance_id: str | None = Field(
        None,
        description="static membership (KIP-345): this worker's unique name in the group, unchanged by a restart, which"
        " then moves no partition; for a StatefulSet",
    )
    auto_offset_reset: OffsetReset = Field(
        OffsetReset.EARLIEST,
        description="`earliest`, `latest` or `error`: start of partitions without a usable committed offset",
    )
    session_timeout_ms: int = Field(
        45_000, ge=1, le=3_600_000, description="milliseconds; for `classic` only, ignored with a warning otherwise"
    )
    max_poll_interval_ms: int = Field(
        300_000,
        ge=1,
        le=86_400_000,
        description="milliseconds; Kafka removes a worker from the group after this time without a poll",
    )
    value_format: ValueFormat = Field(
        ValueFormat.AUTO,
        description="`auto` (JSON, gzip, framed JSON, CloudEvents), `json`, `registry` (Avro, JSON Schema, Protobuf) or"
        " `cloudevents`",
    )
    properties: kind.Properties = Field(
        {},
        description="JSON (a table in TOML): other librdkafka properties; those that the worker owns are refused",
    )
    security_protocol: SecurityProtocol = Field(
        SecurityProtocol.PLAINTEXT, description="`plaintext`, `ssl`, `sasl_plaintext` or `sasl_ssl`"
    )
    sasl_identity: SaslIdentity | None = Field(
        None, description="`aws_msk`: sign in with this machine's AWS credentials (IAM; extra `aws`)"
    )
    aws_region: identity.AwsRegion | None = Field(
        None, description="AWS region of the brokers (`eu-west-1`), for `KAFKA_SASL_IDENTITY=aws_msk`"
    )
    oauth_token_endpoint_url: identity.TokenUrl | None = Field(
        None,
        description="URL of an OAuth 2.0 token endpoint (OIDC, client credentials); implies `OAUTHBEARER`. Plain HTTP"
        " for loopback only",
    )
    oauth_client_id: identity.ClientId | None = Field(None, description="client id for the token endpoint")
    oauth_client_secret: SecretStr | None = Field(None, description="client secret for the token endpoint")
    oauth_scope: str | None = Field(None, description="scope of the requested token")
    oauth_extensions: identity.Extensions | None = Field(
        None, description="SASL extensions for the brokers, `name=value`, comma-separated"
    )
    oauth_ca_file: identity.Certificates | None = Field(
        None, description="CA file for the token endpoint's certificate, PEM"
    )
    sasl_mechanism: SaslMechanism | None = Field(
        None, description="`PLAIN`, `SCRAM-SHA-256`, `SCRAM-SHA-512` or `OAUTHBEARER`"
    )
    sasl_username: str | None = Field(None, description="SASL user name")
    sasl_password: SecretStr | None = Field(None, description="SASL password")
    ssl_ca_location: kind.CaLocation | None = Field(None, description="CA file for the brokers' certificates, PEM")
    ssl_certificate_location: identity.Certificates | None = Field(
        None, description="file of the client certificate with its chain, PEM (mTLS)"
    )
    ssl_key_location: kind.ReadableFile | None = Field(
        None, description="file of the client certificate's private key, PEM; may be the certificate's"
    )
    ssl_key_password: SecretStr | None = Field(None, description="password of an encrypted private key")

    @check("dead_letter_topic")
    @classmethod
    def _dead_letter_topic(cls, name: str, info: ValidationInfo) -> str:
        topics: tuple[str, ...] = info.data.get("topic", ())
        if not name and len(topics) > 1:
            raise SettingError("is missing, and there are several topics", "Set the topic for their dead letters")
        name = name or "".join(f"{topic}.dead-letter" for topic in topics)
        if name in topics:
            raise SettingError("is a source topic: dead letters would be consumed again", "Choose another topic")
        return topic_name(name) if name else name

    @check("max_poll_interval_ms")
    @classmethod
    def _no_shorter_than_the_session(cls, interval: int, info: ValidationInfo) -> int:
        classic = info.data.get("group_protocol") is GroupProtocol.CLASSIC
        if classic and interval < info.data.get("session_timeout_ms", 0):
            raise SettingError("is below KAFKA_SESSION_TIMEOUT_MS", "Raise it, or lower KAFKA_SESSION_TIMEOUT_MS")
        return interval

    @check("sasl_identity")
    @classmethod
    def _over_tls(cls, given: SaslIdentity | None, info: ValidationInfo) -> SaslIdentity | None:
        if given is not None:
            if info.data.get("security_protocol", SecurityProtocol.SASL_SSL) is not SecurityProtocol.SASL_SSL:
                raise SettingError("needs SASL over TLS", "Set KAFKA_SECURITY_PROTOCOL=sasl_ssl")
            identity.refuse_token_properties(info.data.get("properties", {}))
        return given

    @check("aws_region")
    @classmethod
    def _of_the_identity(cls, region: str | None, info: ValidationInfo) -> str | None:
        return identity.needed_with(region, info.data, "sasl_identity")

    @check("oauth_token_endpoint_url")
    @classmethod
    def _only_identity(cls, url: str | None, info: ValidationInfo) -> str | None:
        if url is None:
            return url
        if info.data.get("sasl_identity") is not None:
            raise SettingError("is set, and so is KAFKA_SASL_IDENTITY", "Leave one of them out")
        if not info.data.get("security_protocol", SecurityProtocol.SASL_SSL).has_sasl:
            what = "is set, and KAFKA_SECURITY_PROTOCOL has no SASL"
            raise SettingError(what, "Set KAFKA_SECURITY_PROTOCOL=sasl_ssl")
        identity.refuse_token_properties(info.data.get("properties", {}))
        return url

    @check("oauth_client_id", "oauth_client_secret")
    @classmethod
    def _of_the_token_endpoint(cls, given: Login, info: ValidationInfo) -> Login:
        return identity.needed_with(given, info.data, "oauth_token_endpoint_url")

    @check("oauth_scope", "oauth_extensions", "oauth_ca_file")
    @classmethod
    def _for_the_token_endpoint(cls, given: str | None, info: ValidationInfo) -> str | None:
        return identity.allowed_with(given, info.data, "oauth_token_endpoint_url")

    @check("sasl_mechanism")
    @classmethod
    def _mechanism_fits_protocol(cls, mechanism: SaslMechanism | None, info: ValidationInfo) -> SaslMechanism | None:
        protocol = info.data.get("security_protocol")
        source = identity.token_source(info.data)
        if source is identity.Source.UNKNOWN:
            return mechanism
        if source:
            if mechanism not in (None, SaslMechanism.OAUTHBEARER):
                what = f"is set, and {source} implies OAUTHBEARER"
                raise SettingError(what, f"Leave it out, or leave {source} out")
            return SaslMechanism.OAUTHBEARER
        if protocol and protocol.has_sasl and mechanism is None:
            raise SettingError(
                "is missing, and KAFKA_SECURITY_PROTOCOL requires SASL", "Set the mechanism of your brokers"
            )
        if protocol and not protocol.has_sasl and mechanism is not None:
            raise SettingError(
                "is set, and KAFKA_SECURITY_PROTOCOL has no SASL", "Set KAFKA_SECURITY_PROTOCOL=sasl_ssl"
            )
        return mechanism

    @check("sasl_username", "sasl_password")
    @classmethod
    def _login_fits_mechanism(cls, given: Login, info: ValidationInfo) -> Login:
        if "sasl_mechanism" not in info.data:
            return given
        mechanism = info.data["sasl_mechanism"]
        if given is not None and mechanism is None:
            raise SettingError(
                "is set without KAFKA_SASL_MECHANISM", "Set KAFKA_SASL_MECHANISM and KAFKA_SECURITY_PROTOCOL"
            )
        if given is not None and mechanism is SaslMechanism.OAUTHBEARER:
            raise SettingError("is set, and OAUTHBEARER takes tokens only", "Leave it out")
        if given is None and mechanism not in (None, SaslMechanism.OAUTHBEARER):
            raise SettingError("is missing, and KAFKA_SASL_MECHANISM requires it", "Set it")
        return given

    @check("ssl_certificate_location")
    @classmethod
    def _certificate_needs_tls(cls, path: str | None, info: ValidationInfo) -> str | None:
        if path is None:
            return path
        if not info.data.get("security_protocol", SecurityProtocol.SSL).has_tls:
            raise SettingError(
                "is set, and KAFKA_SECURITY_PROTOCOL has no TLS", "Set KAFKA_SECURITY_PROTOCOL=ssl or sasl_ssl"
            )
        identity.refuse_certificate_properties(info.data.get("properties", {}))
        return path

    @check("ssl_key_location")
    @classmethod
    def _key_of_a_certificate(cls, path: str | None, info: ValidationInfo) -> str | None:
        return identity.needed_with(path, info.data, "ssl_certificate_location")

    @check("ssl_key_password")
    @classmethod
    def _key_fits_certificate(cls, password: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        password = identity.allowed_with(password, info.data, "ssl_certificate_location")
        certificate, key = info.data.get("ssl_certificate_location"), info.data.get("ssl_key_location")
        if certificate is not None and key is not None:
            identity.refuse_other_key(certificate, key, password.get_secret_value() if password else None)
        return password

    @check("properties")
    @classmethod
    def _not_the_workers(cls, given: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        if hints := list(refusals(given, info.data.get("group_protocol"))):
            raise SettingError("sets properties that the worker owns", "; ".join(hints))
        return given

    @property
    def topics(self) -> tuple[str, ...]:
        """Return the source topics: KAFKA_TOPIC may name several."""
        return self.topic

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Return warnings about settings without effect, and tokens without a source."""
        unused = []
        if self.group_protocol is GroupProtocol.CONSUMER and "session_timeout_ms" in self.model_fields_set:
            what = "is ignored: with KAFKA_GROUP_PROTOCOL=consumer the broker sets it"
            unused.append(Problem("KAFKA_SESSION_TIMEOUT_MS", what, "Leave it out"))
        if self.ssl_ca_location and not self.security_protocol.has_tls:
            what = "is ignored: KAFKA_SECURITY_PROTOCOL has no TLS"
            unused.append(Problem("KAFKA_SSL_CA_LOCATION", what, "Set KAFKA_SECURITY_PROTOCOL=ssl or sasl_ssl"))
        mechanism, source = self.sasl_mechanism, identity.token_source(dict(self))
        if mechanism is SaslMechanism.OAUTHBEARER and not source and not identity.token_properties(self.properties):
            what = "is OAUTHBEARER, and nothing issues tokens"
            hint = "Set KAFKA_OAUTH_TOKEN_ENDPOINT_URL, or KAFKA_SASL_IDENTITY=aws_msk"
            unused.append(Problem("KAFKA_SASL_MECHANISM", what, hint))
        return tuple(unused)
