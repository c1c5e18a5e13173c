"""The decision on a message, as the worker would make it."""

from __future__ import annotations

from functools import partial

from confluent_kafka import Message

from consumer.commands.readings import reading_of
from consumer.enrolment.decision import Decision
from consumer.formats.decider import Decider
from consumer.scheduling.task import headers_of


def decision_on(decider: Decider, message: Message) -> Decision:
    """Return the decision on a message. Raises RefusedError where its schema can't be fetched."""
    return reading_of(decider, message.value(), partial(headers_of, message)).decision
