"""Settings converted to the options of other packages."""

from __future__ import annotations

from consumer.enrolment.custom_mapping import CustomMapping
from consumer.enrolment.enroller import Enroller
from consumer.enrolment.rules import OptOuts, Rules, withheld_by
from consumer.formats.decider import Decider
from consumer.formats.framing import Schemas
from consumer.formats.value_format import ValueFormat
from consumer.registry.opening import RegistryOptions
from consumer.settings.enrolment import Enrolment
from consumer.settings.kafka import Kafka
from consumer.settings.model import Settings
from consumer.settings.registry import Registry


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
