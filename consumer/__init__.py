"""Kafka to ClickSend: a consumer group that enrols the people of Datafly Signal's events in one contact list."""

__version__ = "0.2.0"
