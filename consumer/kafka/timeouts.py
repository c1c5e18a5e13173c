"""Timeouts of requests to Kafka, in seconds."""

from __future__ import annotations

ANSWER_SECONDS = 10.0  # for an answer on a thread that may wait: administration, commands, a rebalance
BRIEF_SECONDS = 1.0  # the same on the poll thread outside a rebalance, which must soon poll again
