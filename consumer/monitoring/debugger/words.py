"""What each word on the page means, in a sentence for an operator. A test holds the lists complete."""

from __future__ import annotations

from collections.abc import Mapping

from consumer.clicksend.outcome import Cause, Result
from consumer.delivery.gate import GateState
from consumer.enrolment.disposition import DeadLetterReason, DeliveredReason, FilterReason, Reason
from consumer.enrolment.note import NoteKind
from consumer.monitoring.debugger.entry import Standing
from consumer.scheduling.counts import ReleaseReason

STANDINGS: Mapping[Standing, str] = {
    Standing.IN_PROGRESS: "Consumed and not settled: it waits, or a request or its dead letter is under way.",
    Standing.DELIVERED: "ClickSend has the contact.",
    Standing.DEAD_LETTERED: "It can't be delivered; the original record is on the dead-letter topic.",
    Standing.FILTERED: "None of ClickSend's business; nothing was sent.",
    Standing.RELEASED: "Released unsettled with its partition; the next owner settles it.",
}

REASONS: Mapping[Reason | ReleaseReason, str] = {
    DeliveredReason.ACCEPTED: "ClickSend took the contact.",
    DeliveredReason.ALREADY_EXISTS: "ClickSend had the contact already, and may have kept its older consent.",
    FilterReason.NOT_ENROLMENT: "Its name is not one of ENROLMENT_EVENTS. Most of a topic is like that.",
    FilterReason.NO_IDENTITY: "An enrolment event that carries neither an email nor a phone number.",
    FilterReason.TOMBSTONE: "A record without a value.",
    FilterReason.TOO_OLD: "Older than ENROLMENT_MAX_EVENT_AGE.",
    FilterReason.DUPLICATE: "Equal to what was last delivered for the same contact (DELIVERY_DEDUPLICATE).",
    DeadLetterReason.UNDECODABLE: "Not a JSON object that can be read.",
    DeadLetterReason.UNRECOGNISED: "JSON, but no event: it has neither a type nor an event name.",
    DeadLetterReason.UNMAPPABLE: "An email or phone number is there, but none that ClickSend could use.",
    DeadLetterReason.REJECTED: "ClickSend refused this contact; its code says why.",
    DeadLetterReason.RETRIES_EXHAUSTED: "It failed for RETRY_MAX_AGE while others went through.",
    DeadLetterReason.CONFIGURATION_FAULT: "Refused for a fault of the configuration "
    "(DELIVERY_ON_CONFIGURATION_FAULT=dead_letter).",
    ReleaseReason.REVOKED: "Its partition moved to another worker.",
    ReleaseReason.LOST: "Its partition was lost: this worker missed Kafka's session timeout or poll interval.",
    ReleaseReason.REWOUND: "The topic was created again, or its offsets were reset.",
    ReleaseReason.SHUTDOWN: "This worker is ending.",
}

GATE: Mapping[GateState, str] = {
    GateState.OPEN: "Nothing holds requests back.",
    GateState.LIMITED: "The rate limit holds requests back, or ClickSend asked for a pause.",
    GateState.BREAKER: "ClickSend is down: one trial request at a time detects its recovery. No record is lost.",
    GateState.HALTED: "Halted for a configuration fault. No record is lost; probes detect the fix.",
}

RESULTS: Mapping[Result, str] = {
    Result.DELIVERED: "took it",
    Result.ALREADY_EXISTS: "had it already",
    Result.TRANSIENT: "could not take it now",
    Result.CONFIGURATION_FAULT: "refused us",
    Result.SUSPICIOUS: "refused it, or us",
    Result.REJECTED: "refused the contact",
}

CAUSES: Mapping[Cause, str] = {
    Cause.DNS: "the name could not be looked up",
    Cause.CONNECT: "no connection",
    Cause.TLS: "the TLS handshake failed",
    Cause.PROXY: "the proxy opens no tunnel",
    Cause.TIMEOUT: "no answer in time",
    Cause.RESET: "the connection broke",
    Cause.MALFORMED: "the answer was cut or garbled",
    Cause.UNINTELLIGIBLE: "answered 2xx, but not with ClickSend's JSON; perhaps a portal or another host",
    Cause.RATE_LIMITED: "too many requests",
    Cause.UNAVAILABLE: "unavailable",
    Cause.SERVER_ERROR: "an error of the server's",
    Cause.OTHER: "another failure",
}

NOTES: Mapping[NoteKind, str] = {
    NoteKind.UNUSABLE: "was given, but not as ClickSend could use it; left out",
    NoteKind.HASHED: "looks like a SHA-256 digest; left out, ClickSend needs plain values",
    NoteKind.UNRECOGNISED: "is no country that we know; left out",
    NoteKind.BROKEN: "is NaN or text that can't be read, in another encoding for instance; left out",
    NoteKind.READ_BY_COUNTRY: "was in national form, and read by the country trait",
    NoteKind.READ_BY_DEFAULT_REGION: "was in national form, and read by ENROLMENT_DEFAULT_REGION",
    NoteKind.MASKED: "has signs in place of digits; left out",
    NoteKind.COUNTRY_CODE_ASSUMED: "begins with its country's calling code, and was read without it",
    NoteKind.UNREADABLE: "was given, but is no clear yes or no; marketing_unknown",
    NoteKind.CONTRADICTORY: "has a word of consent under a key of refusal; marketing_unknown",
    NoteKind.DIFFERING: "was given more than once, and not alike; the refusal counts",
}

WORDS: dict[str, dict[str, str]] = {
    "dispositions": {word.value: meaning for word, meaning in STANDINGS.items()},
    "reasons": {word.value: meaning for word, meaning in REASONS.items()},
    "gate": {word.value: meaning for word, meaning in GATE.items()},
    "results": {word.value: meaning for word, meaning in RESULTS.items()},
    "causes": {word.value: meaning for word, meaning in CAUSES.items()},
    "notes": {word.value: meaning for word, meaning in NOTES.items()},
}
