"""Settings converted to the options of other packages."""

from __future__ import annotations

from enum import Enum

from pydantic import SecretStr

from consumer.enrolment.custom_mapping import CustomMapping
from consumer.enrolment.rules import OptOuts, Rules, withheld_by
from consumer.kafka.properties import SETTINGS, Properties, Value
from consumer.settings.enrolment import Enrolment
from consumer.settings.model import Kafka


def client_properties(kafka: Kafka) -> Properties:
    """Return the librdkafka properties of every client: the connection's and the operator's own."""
    given = {name: getattr(kafka, field) for name, field in SETTINGS.items()}
    return {**kafka.properties, **{name: _plain(value) for name, value in given.items() if value is not None}}


def _plain(value: Value | Enum | SecretStr) -> Value:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
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
