"""The settings as other packages take them."""

from __future__ import annotations

from consumer.enrolment.enroller import Enroller
from consumer.enrolment.rules import Rules
from consumer.formats.decider import Decider
from consumer.formats.schemas import Schemas
from consumer.formats.value_format import ValueFormat
from consumer.kafka.options import DeadLetterTopicCreation, StreamOptions
from consumer.registry.options import RegistryOptions
from consumer.scheduling.back_pressure import Caps
from consumer.settings.model import Enrolment, Kafka, Settings
from consumer.settings.registry import Registry


def client_properties(kafka: Kafka) -> dict[str, str]:
    """Return the librdkafka properties that every client needs to reach Kafka, and the operator's own."""
    given = {
        "bootstrap.servers": kafka.bootstrap_servers,
        "security.protocol": kafka.security_protocol.value,
        "sasl.mechanism": kafka.sasl_mechanism.value if kafka.sasl_mechanism else None,
        "sasl.username": kafka.sasl_username,
        "sasl.password": kafka.sasl_password.get_secret_value() if kafka.sasl_password else None,
        "ssl.ca.location": kafka.ssl_ca_location,
    }
    return {**kafka.properties, **{name: value for name, value in given.items() if value is not None}}


def enrolment_rules(enrolment: Enrolment) -> Rules:
    """Return what the operator has decided about enrolment."""
    return Rules.of(
        events=enrolment.events,
        default_region=enrolment.default_region,
        phone_check=enrolment.phone_check,
        event_path=enrolment.event_path,
    )


def record_decider(settings: Settings, schemas: Schemas | None = None) -> Decider:
    """Return what decides records in the operator's format.

    schemas -- of the Schema Registry; None where the format needs none
    """
    return Decider(Enroller(enrolment_rules(settings.enrolment)), settings.kafka.value_format, schemas)


def needs_registry(kafka: Kafka) -> bool:
    """Return whether records are decoded with a Schema Registry."""
    return kafka.value_format is ValueFormat.REGISTRY


def stream_options(settings: Settings) -> StreamOptions:
    """Return the options of the Kafka side."""
    kafka, worker = settings.kafka, settings.worker
    creation = DeadLetterTopicCreation
    return StreamOptions(
        topics=kafka.topics,
        group_id=kafka.group_id,
        dead_letter_topic=kafka.dead_letter_topic,
        connection=client_properties(kafka),
        dead_letter_topic_creation=creation.IF_MISSING if kafka.create_dead_letter_topic else creation.NEVER,
        group_protocol=kafka.group_protocol,
        group_instance_id=kafka.group_instance_id,
        offset_reset=kafka.auto_offset_reset,
        session_timeout_ms=kafka.session_timeout_ms,
        max_poll_interval_ms=kafka.max_poll_interval_ms,
        max_event_age=settings.enrolment.max_event_age,
        unrecognised_limit=settings.enrolment.unrecognised_limit,
        concurrency=settings.delivery.concurrency,
        request_timeout=settings.clicksend.total_timeout,
        drain_timeout=worker.drain_timeout,
        start_timeout=worker.start_timeout,
        caps=Caps(worker.max_buffered_records, worker.max_buffered_bytes),
    )


def registry_options(registry: Registry) -> RegistryOptions:
    """Return the options of the Schema Registry's client."""
    password = registry.password.get_secret_value() if registry.password else None
    return RegistryOptions(registry.url or "", registry.username, password, registry.ca_file)
