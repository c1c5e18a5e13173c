"""The settings without which no worker starts."""

from __future__ import annotations

REQUIRED = {
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "KAFKA_TOPIC": "raw-events",
    "CLICKSEND_USERNAME": "acme",
    "CLICKSEND_API_KEY": "the-api-key",
    "CLICKSEND_LIST_ID": "428",
}
