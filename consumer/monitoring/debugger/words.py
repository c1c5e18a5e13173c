"""The meaning of each word on the page. A test checks that the lists are complete."""

from __future__ import annotations

from collections.abc import Mapping

from consumer.clicksend.outcome import Cause, Result
from consumer.delivery.gate import GateState
from consumer.enrolment.disposition import DeadLetterReason, DeliveredReason, FilterReason, Reason
from consumer.enrolment.note import NoteKind
from consumer.monitoring.debugger.entry import Standing
from consumer.scheduling.counts import ReleaseReason

STANDINGS: Mapping[Standing, str] = {
    Standing.IN_PROGRESS: "Consumed but not settled: queued, or a request or dead letter is in flight.",
    Standing.DELIVERED: "ClickSend stored the contact.",
    Standing.DEAD_LETTERED: "Not deliverable; the original record is on the dead-letter topic.",
    Standing.FILTERED: "Not an enrolment to deliver; no request was sent.",
    Standing.RELEASED: "Released unsettled with its partition; the next owner settles it.",
}

REASONS: Mapping[Reason | ReleaseReason, str] = {
    DeliveredReason.ACCEPTED: "ClickSend accepted the contact.",
    DeliveredReason.ALREADY_EXISTS: "ClickSend already had the contact and may have kept its older consent.",
    FilterReason.NOT_ENROLMENT: "The event name is not in ENROLMENT_EVENTS. This is normal for most records.",
    FilterReason.NO_IDENTITY: "An enrolment event without an email or phone number.",
    FilterReason.TOMBSTONE: "A record without a value.",
    FilterReason.TOO_OLD: "Older than ENROLMENT_MAX_EVENT_AGE.",
    FilterReason.NO_CONSENT: "Its consent is not one that ENROLMENT_CONSENT and ENROLMENT_DELIVER_OPT_OUTS enrol.",
    FilterReason.DUPLICATE: "Identical to the last delivery for the same contact (DELIVERY_DEDUPLICATE).",
    DeadLetterReason.UNDECODABLE: "The value can't be decoded in KAFKA_VALUE_FORMAT as a JSON object.",
    DeadLetterReason.UNRECOGNISED: "JSON, but no event (or contact, with ENROLMENT_INPUT=contact).",
    DeadLetterReason.TOO_LARGE: "gzip data of more than 8 MiB unpacked.",
    DeadLetterReason.UNMAPPABLE: "No email or phone number in a form that ClickSend accepts.",
    DeadLetterReason.REJECTED: "ClickSend rejected this contact; see the response code.",
    DeadLetterReason.RETRIES_EXHAUSTED: "Attempts failed for RETRY_MAX_AGE while other records were delivered.",
    DeadLetterReason.CONFIGURATION_FAULT: "Rejected because of a configuration fault "
    "(DELIVERY_ON_CONFIGURATION_FAULT=dead_letter).",
    ReleaseReason.REVOKED: "Its partition moved to another worker.",
    ReleaseReason.LOST: "Its partition was lost: this worker missed Kafka's session timeout or poll interval.",
    ReleaseReason.REWOUND: "The topic was created again, or its offsets were reset.",
    ReleaseReason.SHUTDOWN: "This worker is shutting down.",
}

GATE: Mapping[GateState, str] = {
    GateState.OPEN: "Requests are sent without delay.",
    GateState.LIMITED: "The rate limit holds requests back, or ClickSend asked for a pause.",
    GateState.BREAKER: "ClickSend is down: one trial request at a time detects its recovery. No record is lost.",
    GateState.HALTED: "Halted for a configuration fault. No record is lost; probes detect the fix.",
}

RESULTS: Mapping[Result, str] = {
    Result.DELIVERED: "delivered",
    Result.ALREADY_EXISTS: "contact already exists",
    Result.TRANSIENT: "temporary failure",
    Result.CONFIGURATION_FAULT: "configuration fault",
    Result.SUSPICIOUS: "rejected: contact or configuration at fault",
    Result.REJECTED: "contact rejected",
}

CAUSES: Mapping[Cause, str] = {
    Cause.DNS: "DNS lookup failed",
    Cause.CONNECT: "connection failed",
    Cause.TLS: "TLS handshake failed",
    Cause.PROXY: "the proxy refused the tunnel",
    Cause.TIMEOUT: "timeout",
    Cause.RESET: "connection reset",
    Cause.MALFORMED: "malformed or truncated HTTP response",
    Cause.UNINTELLIGIBLE: "2xx without ClickSend's JSON, perhaps from a captive portal or another host",
    Cause.RATE_LIMITED: "too many requests",
    Cause.UNAVAILABLE: "service unavailable",
    Cause.SERVER_ERROR: "server error",
    Cause.OTHER: "other failure",
}

NOTES: Mapping[NoteKind, str] = {
    NoteKind.UNUSABLE: "is not in a form that ClickSend accepts; omitted",
    NoteKind.HASHED: "looks like a SHA-256 digest, but ClickSend needs plain values; omitted",
    NoteKind.UNRECOGNISED: "is not a known country; omitted",
    NoteKind.BROKEN: "is NaN or undecodable text, for instance in another encoding; omitted",
    NoteKind.READ_BY_COUNTRY: "was in national format; parsed with the country trait",
    NoteKind.READ_BY_DEFAULT_REGION: "was in national format; parsed with ENROLMENT_DEFAULT_REGION",
    NoteKind.MASKED: "is masked: digits are replaced by symbols; omitted",
    NoteKind.COUNTRY_CODE_ASSUMED: "has no plus sign; its first digits were parsed as the calling code",
    NoteKind.UNREADABLE: "is neither a clear yes nor a clear no; marketing_unknown",
    NoteKind.CONTRADICTORY: "grants consent under an opt-out key; marketing_unknown",
    NoteKind.DIFFERING: "has conflicting values; the opt-out wins",
}

WORDS: dict[str, dict[str, str]] = {
    "dispositions": {word.value: meaning for word, meaning in STANDINGS.items()},
    "reasons": {word.value: meaning for word, meaning in REASONS.items()},
    "gate": {word.value: meaning for word, meaning in GATE.items()},
    "results": {word.value: meaning for word, meaning in RESULTS.items()},
    "causes": {word.value: meaning for word, meaning in CAUSES.items()},
    "notes": {word.value: meaning for word, meaning in NOTES.items()},
}
