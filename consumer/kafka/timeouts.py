"""Timeouts of requests to Kafka, in seconds."""

from __future__ import annotations

ANSWER_SECONDS = 10.0  # for an answer on a thread that may wait: administration, commands, a rebalance
BRIEF_SECONDS = 1.0  # the same on the poll thread outside a rebalance, which must soon poll again

COORDINATOR_SECONDS = 3600.0
"""For a request of an AdminClient to a group's coordinator, whose caller limits its wait itself: librdkafka's maximum.

A request that has timed out before the coordinator is found is freed, and answered nevertheless once it is found: the
process aborts (rd_kafka_admin_coord_request and rd_kafka_coord_req_fsm, up to 2.16 at least).
"""
