"""What every client needs to reach Kafka."""

from __future__ import annotations

from consumer.settings.model import Kafka


def connection(kafka: Kafka) -> dict[str, str]:
    """The settings as librdkafka's properties, and the operator's own."""
    given = {
        "bootstrap.servers": kafka.bootstrap_servers,
        "security.protocol": kafka.security_protocol.value,
        "sasl.mechanism": kafka.sasl_mechanism.value if kafka.sasl_mechanism else None,
        "sasl.username": kafka.sasl_username,
        "sasl.password": kafka.sasl_password.get_secret_value() if kafka.sasl_password else None,
        "ssl.ca.location": kafka.ssl_ca_location,
    }
    return {**kafka.properties, **{name: value for name, value in given.items() if value is not None}}
