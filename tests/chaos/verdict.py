"""Whether a run kept the promises. Pure: evidence in, findings out. Each check says what is guaranteed, and when not.

Time is what the sandbox and the broker noted. The spans of grace, in seconds, that are given:
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from consumer.enrolment.decision import Decision, Enrolled, Filtered
from consumer.kafka import topic_watch
from consumer.worker.committer import INTERVAL
from tests.chaos.evidence import (
    BrokerAway,
    Committed,
    Destroyed,
    Evidence,
    Frozen,
    Killed,
    OffsetsReset,
    Produced,
    Recreated,
    Request,
    claims,
)

# A record is in the group's commit so long after its answer: the wait for the tick, the commit before it that was under
# way, and a poll loop that shares the machine with a broker.
COMMIT_GRACE = 2 * INTERVAL + 1.0
# A worker that goes on after its session is over learns of it at its next poll, and sends what it holds until then.
WAKING_GRACE = 1.0
# After an outage, a classic group may wait for the sessions of its members' old selves (6 s here) before it goes on.
REJOIN_GRACE = 15.0
# A classic member that is told nothing goes on in the middle of a recreated topic until it looks at the topic's id; it
# begins at the beginning then.
NOTICE_GRACE = topic_watch.INTERVAL + 2.0
CLOCKS = 0.05  # the broker's clock has milliseconds, and the sandbox notes the time before the store


@dataclass(frozen=True, slots=True)
class Finding:
    """A promise that was not kept."""

    check: str
    what: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of a run: records by outcome, and findings."""

    produced: int = 0
    delivered: int = 0
    filtered: int = 0
    dead_lettered: int = 0
    destroyed: int = 0  # by Kafka, before anybody could have delivered them
    repeats: int = 0  # how often the sandbox stored a record once more
    findings: tuple[Finding, ...] = ()


def judge(evidence: Evidence, known: Iterable[Finding] = ()) -> Verdict:
    """All checks over all evidence. known -- what was found otherwise, about the workers themselves."""
    ends = [_end(evidence, record) for record in evidence.produced]
    findings = [*known]
    findings += [Finding(check.__name__, what) for check in CHECKS for what in check(evidence)]
    return Verdict(
        produced=len(ends),
        delivered=ends.count("delivered"),
        filtered=ends.count("filtered"),
        dead_lettered=ends.count("dead_lettered"),
        destroyed=ends.count("destroyed"),
        repeats=sum(len(requests) - 1 for requests in evidence.stored.values()),
        findings=tuple(findings),
    )


def nothing_is_lost(evidence: Evidence) -> Iterator[str]:
    """produced = delivered + filtered + dead-lettered, but for what Kafka itself has deleted."""
    yield from (f"{record} has no end" for record in evidence.produced if _end(evidence, record) == "lost")


def each_end_is_the_right_one(evidence: Evidence) -> Iterator[str]:
    """Check that stored contacts match the rules, and that only undeliverable records are dead letters."""
    for serial, requests in evidence.stored.items():
        record = evidence.by_serial.get(serial)
        decision = evidence.decisions[serial] if record else None
        if not isinstance(decision, Enrolled):
            yield f"{serial} was stored: {decision}"
        elif any(dict(request.contact) != decision.contact.fields() for request in requests):
            yield f"{serial} was stored otherwise: {[request.contact for request in requests]}"
    for record in evidence.produced:
        if record.place in evidence.dead_letters and not _may_be_buried(evidence, record):
            yield f"{record} is a dead letter: {evidence.decisions[record.serial]}"


def a_contacts_records_come_in_order(evidence: Evidence) -> Iterator[str]:
    """The first deliveries of one identity's records of one partition come as they were produced, whoever delivers.

    Only a worker that was frozen past its session may come too early: it doesn't know yet that others own its records.
    """
    for stream, records in evidence.streams.items():
        firsts = [evidence.stored[record.serial][0] for record in records if record.serial in evidence.stored]
        latest = 0
        for first in firsts:
            if first.number < latest:
                came = sorted(firsts, key=lambda each: each.number)
                yield f"{stream}: {first.serial} came after a later one: {[each.serial for each in came]}"
            elif not _by_a_waking_worker(evidence, first):
                latest = first.number


def the_last_word_stands(evidence: Evidence) -> Iterator[str]:
    """A crash repeats a contact's records from some point on up to the end, so the last one stored is the last one
    produced: no repeat leaves an older payload behind. Again but for a worker that wakes up.
    """
    for stream, records in evidence.streams.items():
        delivered = [record for record in records if record.serial in evidence.stored]
        if delivered:
            last = evidence.stored[delivered[-1].serial][-1].number
            for record in delivered[:-1]:
                older = evidence.stored[record.serial][-1]
                if older.number > last and not _by_a_waking_worker(evidence, older):
                    yield f"{stream}: {older.serial} is the last word, not {delivered[-1].serial}"


def one_worker_never_goes_back(evidence: Evidence) -> Iterator[str]:
    """Within one worker's stay the order holds even if it had been frozen: what goes out, goes out as it was produced.

    A worker that gets a partition again begins it at the commit, so it may go back after a deed; never without one.
    """
    places = {record.serial: record.place for record in evidence.produced}
    starts = sorted(_restarts(evidence))
    for stream, records in evidence.streams.items():
        requests = sorted(
            (each for record in records for each in evidence.stored.get(record.serial, ())),
            key=lambda each: each.number,
        )
        last: dict[int, Request] = {}
        for request in requests:
            before = last.get(request.worker)
            went_back = before is not None and places[request.serial][:3] < places[before.serial][:3]
            if went_back and before and not any(start <= request.at <= end for start, end in starts):
                yield f"{stream}: worker {request.worker} sent {request.serial} after {before.serial}"
            last[request.worker] = request


def a_repeat_has_its_reason(evidence: Evidence) -> Iterator[str]:
    """A contact is stored again only if its answer was lost, or nobody could commit it: it was answered less than
    COMMIT_GRACE before its worker was killed, or around an outage of the broker; or a frozen worker sent it on waking.

    A join, a leave and a rolling restart repeat nothing but batches that are not settled yet.
    """
    for requests in evidence.stored.values():
        for before, again in pairwise(requests):
            safe = before.clean and not _unsafe(evidence, before, again)
            if safe and not _of_an_open_batch(evidence, before, again):
                yield f"{before.serial} was stored again: {before}, then {again}"


def a_commit_claims_only_what_is_settled(evidence: Evidence) -> Iterator[str]:
    """At the time of a commit, each record below its offset or in its map had its end. Ever."""
    for record, commit in claims(evidence):
        requests = evidence.stored.get(record.serial, [])
        settled = not _wants_delivery(evidence, record) or any(request.at <= commit.at + CLOCKS for request in requests)
        if not settled and not _is_destroyed(evidence, record):
            yield f"{record} was claimed before its end, by {commit}"


def what_a_commit_claims_is_not_delivered_again(evidence: Evidence) -> Iterator[str]:
    """A crash repeats at most records in flight, and those settled after the last acknowledged commit was built."""
    resets = [deed.at for deed in evidence.deeds if isinstance(deed, OffsetsReset)]
    for record, commit in claims(evidence):
        until = min((reset for reset in resets if reset > commit.at), default=float("inf"))
        for request in evidence.stored.get(record.serial, []):
            if commit.at + CLOCKS < request.at < until and not _by_a_waking_worker(evidence, request):
                yield f"{record}, claimed by {commit}, was sent again: {request}"


def commits_never_go_back(evidence: Evidence) -> Iterator[str]:
    """A partition's committed offset only grows, but by a reset or where Kafka deleted the records."""
    moved = [deed.at for deed in evidence.deeds if isinstance(deed, OffsetsReset | Destroyed)]
    last = dict[tuple[int, int], float]()
    reached = dict[tuple[int, int], int]()
    for commit in sorted(evidence.commits, key=lambda each: each.at):
        partition = (commit.generation, commit.partition)
        since = last.get(partition, 0.0)
        if commit.offset < reached.get(partition, 0) and not any(since <= at <= commit.at for at in moved):
            yield f"from {reached[partition]} back to {commit}"
        last[partition], reached[partition] = commit.at, commit.offset


def after_a_reset_everything_comes_again(evidence: Evidence) -> Iterator[str]:
    """All that was delivered before the offsets were set to 0, and is still in the topic, is delivered after it."""
    for reset in (deed.at for deed in evidence.deeds if isinstance(deed, OffsetsReset)):
        for serial, record in evidence.by_serial.items():
            requests = evidence.stored.get(serial)
            if requests and requests[-1].at < reset and not _is_destroyed(evidence, record):
                yield f"{serial} was not delivered again"


def what_was_aborted_is_not_delivered(evidence: Evidence) -> Iterator[str]:
    """A record of an aborted transaction is neither sent to ClickSend nor a dead letter."""
    for record in evidence.aborted:
        if record.serial in evidence.stored or record.place in evidence.dead_letters:
            yield f"{record} was aborted"


def a_transaction_is_delivered_after_its_commit(evidence: Evidence) -> Iterator[str]:
    """While a transaction is open, none of its records is sent."""
    for deed in evidence.deeds:
        if isinstance(deed, Committed):
            for serial in deed.serials & evidence.stored.keys():
                early = [request for request in evidence.stored[serial] if request.at + CLOCKS < deed.at]
                yield from (f"{request} was sent before {deed.at}" for request in early)


CHECKS: tuple[Callable[[Evidence], Iterator[str]], ...] = (
    nothing_is_lost,
    each_end_is_the_right_one,
    a_contacts_records_come_in_order,
    the_last_word_stands,
    one_worker_never_goes_back,
    a_repeat_has_its_reason,
    a_commit_claims_only_what_is_settled,
    what_a_commit_claims_is_not_delivered_again,
    commits_never_go_back,
    after_a_reset_everything_comes_again,
    what_was_aborted_is_not_delivered,
    a_transaction_is_delivered_after_its_commit,
)


def _end(evidence: Evidence, record: Produced) -> str:
    if isinstance(evidence.decisions[record.serial], Filtered):
        return "filtered"
    if record.place in evidence.dead_letters:
        return "dead_lettered"
    if record.serial in evidence.stored:
        return "delivered"
    return "destroyed" if _is_destroyed(evidence, record) else "lost"


def _wants_delivery(evidence: Evidence, record: Produced) -> bool:
    decision: Decision = evidence.decisions[record.serial]
    return isinstance(decision, Enrolled) and record.place not in evidence.dead_letters


def _may_be_buried(evidence: Evidence, record: Produced) -> bool:
    decision = evidence.decisions[record.serial]
    return not isinstance(decision, Filtered | Enrolled) or record.serial in evidence.refused


def _is_destroyed(evidence: Evidence, record: Produced) -> bool:
    generation, partition, offset, _ = record.place
    return any(
        deed.generation == generation and offset < deed.below.get(partition, 0)
        for deed in evidence.deeds
        if isinstance(deed, Destroyed)
    )


def _by_a_waking_worker(evidence: Evidence, request: Request) -> bool:
    return any(
        deed.worker == request.worker and deed.end <= request.at <= deed.end + WAKING_GRACE
        for deed in evidence.deeds
        if isinstance(deed, Frozen)
    )


def _unsafe(evidence: Evidence, before: Request, again: Request) -> bool:
    """Return whether an action explains that a delivery was not committed or not known to its worker."""
    answered = before.answered_at or before.at
    for deed in evidence.deeds:
        match deed:
            case Killed(worker, at):
                start, end, concerned = at - COMMIT_GRACE, at, before.worker == worker
            case Frozen(worker, start, end):
                start, end, concerned = start - COMMIT_GRACE, end + WAKING_GRACE, before.worker == worker
            case BrokerAway(start, end):
                start, end, concerned = start - COMMIT_GRACE, end + REJOIN_GRACE, True
            case OffsetsReset(at):
                start, end, concerned = 0.0, at, again.at > at
            case Recreated(at):
                start, end, concerned = at, at + NOTICE_GRACE, True
            case _:
                continue
        if concerned and start <= answered <= end:
            return True
    return _by_a_waking_worker(evidence, again)


def _of_an_open_batch(evidence: Evidence, before: Request, again: Request) -> bool:
    """Return whether another event of the record may have had no end in the worker that sent it before."""
    record = evidence.by_serial.get(before.serial)
    for other in evidence.batches.get(record.place[:3], ()) if record is not None else ():
        if not _wants_delivery(evidence, other):
            if other.place in evidence.dead_letters:
                return True
            continue
        requests = evidence.stored.get(other.serial, ())
        if not any(each.worker == before.worker and each.clean and each.at < again.at for each in requests):
            return True
    return False


def _restarts(evidence: Evidence) -> Iterator[tuple[float, float]]:
    """The spans in which a partition may begin once more at its last commit."""
    for deed in evidence.deeds:
        match deed:
            case Killed(_, at):
                yield at, at + REJOIN_GRACE
            case Frozen(_, start, end) | BrokerAway(start, end):
                yield start, end + REJOIN_GRACE
            case Recreated(at):
                yield at, at + NOTICE_GRACE
            case OffsetsReset(at):
                yield at, float("inf")
