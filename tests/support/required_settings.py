"""The settings without which no worker starts."""

from __future__ import annotations

from consumer.settings import Settings, Sources, load

REQUIRED = {
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "KAFKA_TOPIC": "raw-events",
    "CLICKSEND_USERNAME": "acme",
    "CLICKSEND_API_KEY": "the-api-key",
    "CLICKSEND_LIST_ID": "428",
}


def settings_of(**variables: object) -> Settings:
    """Return the settings of these variables, with the topic `events` and the group `group` by default."""
    given = {name: str(value) for name, value in variables.items()}
    return load(Sources({**REQUIRED, "KAFKA_TOPIC": "events", "KAFKA_GROUP_ID": "group", **given}))
