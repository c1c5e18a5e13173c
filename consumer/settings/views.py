"""The settings as other packages take them."""

from __future__ import annotations

from enum import Enum

from pydantic import SecretStr

from consumer.enrolment.rules import Rules
from consumer.kafka.properties import SETTINGS, Properties, Value
from consumer.settings.model import Enrolment, Kafka


def client_properties(kafka: Kafka) -> Properties:
    """Return the librdkafka properties that the settings set, and the operator's own."""
    given = {name: getattr(kafka, field) for name, field in SETTINGS.items()}
    return {**kafka.properties, **{name: _plain(value) for name, value in given.items() if value is not None}}


def _plain(value: Value | Enum | SecretStr) -> Value:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return value.value if isinstance(value, Enum) else value


def enrolment_rules(enrolment: Enrolment) -> Rules:
    """Return what the operator has decided about enrolment."""
    return Rules.of(
        events=enrolment.events,
        default_region=enrolment.default_region,
        phone_check=enrolment.phone_check,
        event_path=enrolment.event_path,
    )
