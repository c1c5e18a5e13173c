"""Settings for tests of what takes them."""

from __future__ import annotations

from consumer.settings import Settings, Sources, load

REQUIRED = {
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "KAFKA_TOPIC": "events",
    "KAFKA_GROUP_ID": "group",
    "CLICKSEND_USERNAME": "u",
    "CLICKSEND_API_KEY": "k",
    "CLICKSEND_LIST_ID": "428",
}


def settings_of(**variables: object) -> Settings:
    """The settings of these variables: of the topic `events` and the group `group`, where nothing else is said."""
    return load(Sources({**REQUIRED, **{name: str(value) for name, value in variables.items()}}))
