"""Kafka's access control, for a user with only the rights of a test."""

from __future__ import annotations

from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import AclBinding, AclBindingFilter, AclOperation, AclPermissionType
from confluent_kafka.admin._resource import ResourcePatternType, ResourceType

from tests.kafka.apache import ApacheKafka
from tests.support.stage import Stage


def sasl_variables(kafka: ApacheKafka, password: str = "right") -> dict[str, str]:  # noqa: S107 -- of a test's account
    """Return what a command needs to be the user `worker`."""
    return {
        "KAFKA_BOOTSTRAP_SERVERS": kafka.sasl_bootstrap,
        "KAFKA_SECURITY_PROTOCOL": "sasl_plaintext",
        "KAFKA_SASL_MECHANISM": "PLAIN",
        "KAFKA_SASL_USERNAME": "worker",
        "KAFKA_SASL_PASSWORD": password,
    }


class Access:
    """Rights of the user `worker` to one stage's topics and group; initially none."""

    def __init__(self, kafka: ApacheKafka, stage: Stage) -> None:
        self._kafka = kafka
        self._admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
        topic, group = ResourceType.TOPIC, ResourceType.GROUP
        for kind, name in ((topic, stage.topic), (topic, stage.dead_letter_topic), (group, stage.group)):
            self._add("User:nobody", AclOperation.READ, kind, name)  # whoever is not named in a rule may do nothing

    def allow(self, operation: AclOperation, kind: ResourceType, name: str) -> None:
        """Let `worker` do this."""
        self._add("User:worker", operation, kind, name)

    def forbid(self, operation: AclOperation, kind: ResourceType, name: str) -> None:
        """Take a right away again."""
        literal, allow = ResourcePatternType.LITERAL, AclPermissionType.ALLOW
        rule = AclBindingFilter(kind, name, literal, "User:worker", "*", operation, allow)
        self._admin.delete_acls([rule])[rule].result(60)

    def variables(self, password: str = "right") -> dict[str, str]:  # noqa: S107 -- of a test's account
        """Return the environment of a command that runs as `worker`."""
        return sasl_variables(self._kafka, password)

    def _add(self, user: str, operation: AclOperation, kind: ResourceType, name: str) -> None:
        literal = ResourcePatternType.LITERAL
        rule = AclBinding(kind, name, literal, user, "*", operation, AclPermissionType.ALLOW)
        self._admin.create_acls([rule])[rule].result(60)
