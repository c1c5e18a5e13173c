"""The dispositions of a record: one closed list for metrics, logs, dead-letter headers and the debugger."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from consumer.enum_members import found_quickly


@found_quickly
class Disposition(StrEnum):
    """Every consumed record ends in exactly one of these."""

    DELIVERED = "delivered"
    FILTERED = "filtered"
    DEAD_LETTERED = "dead_lettered"


@found_quickly
class DeliveredReason(StrEnum):
    """ClickSend's response to a delivered contact."""

    ACCEPTED = "accepted"
    ALREADY_EXISTS = "already_exists"  # ClickSend may have kept the older consent


@found_quickly
class FilterReason(StrEnum):
    """Why a record is filtered."""

    NOT_ENROLMENT = "not_enrolment"  # not one of the preset's events: most of a real topic
    NO_IDENTITY = "no_identity"  # an enrolment event with neither email nor phone
    TOMBSTONE = "tombstone"  # a record without a value
    TOO_OLD = "too_old"  # older than ENROLMENT_MAX_EVENT_AGE
    NO_CONSENT = "no_consent"  # ENROLMENT_CONSENT or ENROLMENT_DELIVER_OPT_OUTS leaves the contact out
    DUPLICATE = "duplicate"  # equal to what was last delivered for the same contact


class DeadLetterReason(StrEnum):
    """Why a record can never be delivered."""

    UNDECODABLE = "undecodable"  # unreadable JSON, or an event that violates the schema
    UNRECOGNISED = "unrecognised"  # JSON, but no event: neither `type` nor `event`, or a CloudEvent
    TOO_LARGE = "too_large"  # gzip data of more than 8 MiB unpacked, or a batch of more than 1,000 events
    UNMAPPABLE = "unmappable"  # identities are present, none usable
    REJECTED = "rejected"  # ClickSend refused this contact
    RETRIES_EXHAUSTED = "retries_exhausted"  # failed for RETRY_MAX_AGE while others succeeded
    CONFIGURATION_FAULT = "configuration_fault"  # only with DELIVERY_ON_CONFIGURATION_FAULT=dead_letter


Reason = DeliveredReason | FilterReason | DeadLetterReason

REASONS: dict[Disposition, tuple[Reason, ...]] = {
    Disposition.DELIVERED: tuple(DeliveredReason),
    Disposition.FILTERED: tuple(FilterReason),
    Disposition.DEAD_LETTERED: tuple(DeadLetterReason),
}


def disposition_of(reason: Reason) -> Disposition:
    """Return the disposition that a reason belongs to."""
    return next(disposition for disposition, reasons in REASONS.items() if reason in reasons)


# Of the reasons of events that share a record, the last of these counts.
_BY_RANK: tuple[Reason, ...] = (
    FilterReason.NOT_ENROLMENT,
    FilterReason.TOMBSTONE,
    FilterReason.TOO_OLD,
    FilterReason.NO_IDENTITY,
    FilterReason.NO_CONSENT,
    FilterReason.DUPLICATE,
    DeliveredReason.ACCEPTED,
    DeliveredReason.ALREADY_EXISTS,
)


def dominant_reason(reasons: Iterable[Reason]) -> Reason:
    """Return the reason of a record whose events have these reasons, none of them a dead letter's."""
    return max(reasons, key=_BY_RANK.index, default=FilterReason.NOT_ENROLMENT)
