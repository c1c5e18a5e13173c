"""Kafka to ClickSend: a consumer group that adds the contacts of Datafly Signal's events to one contact list."""

__version__ = "0.2.0"
