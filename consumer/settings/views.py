"""Settings converted to the options of other packages."""

from __future__ import annotations

from enum import Enum

from consumer.enrolment.custom_mapping import CustomMapping
from consumer.enrolment.enroller import Enroller
from consumer.enrolment.rules import OptOuts, Rules, withheld_by
from consumer.formats.decider import Decider
from consumer.formats.framing import Schemas
from consumer.formats.value_format import ValueFormat
from consumer.kafka.identity import SaslIdentity
from consumer.kafka.msk_tokens import msk_tokens
from consumer.kafka.properties import SETTINGS, Properties, Value
from consumer.registry.opening import RegistryOptions
from consumer.settings.enrolment import Enrolment
from consumer.settings.kafka import Kafka
from consumer.settings.model import Settings
from consumer.settings.registry import Registry
from consumer.settings.values import Secret


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


def enrolment_rules(enrolment: Enrolment) -> Rules:
    """Return the operator's rules for enrolment."""
    opt_outs = OptOuts.DELIVERED if enrolment.deliver_opt_outs else OptOuts.FILTERED
    return Rules.of(
        events=enrolment.events,
        default_region=enrolment.default_region,
        phone_check=enrolment.phone_check,
        event_path=enrolment.event_path,
        input=enrolment.input,
        custom=CustomMapping.of(enrolment.fields, enrolment.consent_traits),
        withheld=withheld_by(enrolment.consent, opt_outs),
    )


def record_decider(settings: Settings, schemas: Schemas | None = None) -> Decider:
    """Return the decider for records in the operator's format.

    schemas -- of the Schema Registry; None: the format needs none
    """
    return Decider(Enroller(enrolment_rules(settings.enrolment)), settings.kafka.value_format, schemas)


def needs_registry(kafka: Kafka) -> bool:
    """Return whether records are decoded with a Schema Registry."""
    return kafka.value_format is ValueFormat.REGISTRY


def registry_options(registry: Registry) -> RegistryOptions:
    """Return the options of the Schema Registry's client."""
    password = registry.password.reveal() if registry.password else None
    return RegistryOptions(registry.url or "", registry.username, password, registry.ca_file)
