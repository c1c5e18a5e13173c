"""The verdict detects each kind of broken guarantee in an otherwise correct run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import orjson
import pytest

from consumer.enrolment.decision import Enrolled
from consumer.scheduling.offset_map import UNKNOWN_TOPIC_ID, encode
from tests.chaos.evidence import (
    BrokerAway,
    Commit,
    Committed,
    Deed,
    Destroyed,
    Evidence,
    Frozen,
    Killed,
    OffsetsReset,
    Place,
    Produced,
    Recreated,
    Request,
)
from tests.chaos.history import version
from tests.chaos.verdict import COMMIT_GRACE, NOTICE_GRACE, judge

ROUND_TRIP = 0.02
WORKER, OTHER = 1, 2


def produced(serial: int, email: str = "a@example.com", partition: int = 0) -> Produced:
    """A record whose offset is its serial."""
    traits = {"email": email, "last_name": version(serial)}
    return Produced(serial, Place(0, partition, serial), orjson.dumps({"type": "identify", "traits": traits}))


def browsing(serial: int) -> Produced:
    """A record that is none of ClickSend's business."""
    return Produced(serial, Place(0, 0, serial), b'{"type": "page"}')


def broken(serial: int) -> Produced:
    """A record that is no JSON."""
    return Produced(serial, Place(0, 0, serial), b"{broken")


def batch(serial: int, *emails: str) -> list[Produced]:
    """The events of one record, whose offset is the serial of the first."""
    events = [produced(number, email) for number, email in enumerate(emails, serial)]
    return [replace(event, place=Place(0, 0, serial, index), batch=b"[...]") for index, event in enumerate(events)]


class Story:
    """Puts evidence together, event by event, ten seconds apart unless said."""

    def __init__(self, *records: Produced) -> None:
        self.evidence = Evidence(records, (), frozenset(), frozenset(), ())
        self.now = 1000.0

    def stored(self, *serials: int, worker: int = WORKER, after: float = 10.0) -> Story:
        """The sandbox stored these, and answered."""
        for serial in serials:
            self.now += after
            decision = self.evidence.decisions[serial]
            contact = decision.contact.fields() if isinstance(decision, Enrolled) else {}
            number = len(self.evidence.requests) + 1
            request = Request(number, worker, self.now, self.now + ROUND_TRIP, serial, contact, clean=True)
            self._add(requests=[*self.evidence.requests, request])
        return self

    def unanswered(self) -> Story:
        """The last request had no answer."""
        *others, last = self.evidence.requests
        return self._add(requests=[*others, replace(last, answered_at=None, clean=False)])

    def commit(self, offset: int, metadata: str = "", after: float = 10.0) -> Story:
        """The group committed this."""
        self.now += after
        return self._add(commits=[*self.evidence.commits, Commit(self.now, 0, 0, offset, metadata)])

    def deed(self, *deeds: Deed) -> Story:
        """Something was done."""
        return self._add(deeds=[*self.evidence.deeds, *deeds])

    def aborted(self, *records: Produced) -> Story:
        """These are records of an aborted transaction."""
        return self._add(aborted=[*self.evidence.aborted, *records])

    def dead_letter_written(self, *offsets: int) -> Story:
        """These have dead letters."""
        places = frozenset(Place(0, 0, offset) for offset in offsets)
        return self._add(dead_letters=self.evidence.dead_letters | places)

    def _add(self, **changes: object) -> Story:
        self.evidence = replace(self.evidence, **changes)  # type: ignore[arg-type]  # fields by name
        return self

    def findings(self) -> Sequence[str]:
        """The names of the checks that found something."""
        return sorted({finding.check for finding in judge(self.evidence).findings})


def test_a_run_in_order_has_no_findings_and_every_record_is_counted_once() -> None:
    story = Story(produced(0), browsing(1), broken(2), produced(3)).stored(0, 3).dead_letter_written(2).commit(4)
    verdict = judge(story.evidence)
    assert not verdict.findings
    assert (verdict.produced, verdict.delivered, verdict.filtered, verdict.dead_lettered) == (4, 2, 1, 1)


@pytest.mark.parametrize("record", [produced(0), broken(0)], ids=["a contact", "a record that is no JSON"])
def test_a_record_without_an_end_is_lost(record: Produced) -> None:
    assert Story(record).findings() == ["nothing_is_lost"]


def test_what_kafka_deleted_is_not_lost_by_us() -> None:
    assert not Story(produced(0)).deed(Destroyed(0, 0, {0: 1})).findings()
    assert Story(produced(0), produced(1)).deed(Destroyed(0, 0, {0: 1})).findings() == ["nothing_is_lost"]


def test_another_payload_than_the_rules_make_is_found() -> None:
    story = Story(produced(0)).stored(0)
    story._add(requests=[replace(story.evidence.requests[0], contact={"last_name": version(0)})])
    assert story.findings() == ["each_end_is_the_right_one"]


def test_a_browsing_event_is_not_to_be_stored() -> None:
    assert Story(browsing(0)).stored(0).findings() == ["each_end_is_the_right_one"]


def test_a_delivered_record_of_an_aborted_transaction_is_found() -> None:
    assert not Story().aborted(produced(0)).findings()
    story = Story(produced(0)).stored(0)
    story._add(produced=())
    assert "what_was_aborted_is_not_delivered" in story.aborted(produced(0)).findings()


def test_a_dead_letter_of_an_aborted_record_is_found() -> None:
    assert Story().aborted(broken(0)).dead_letter_written(0).findings() == ["what_was_aborted_is_not_delivered"]


def test_a_record_that_is_sent_while_its_transaction_is_open_is_found() -> None:
    story = Story(produced(0)).stored(0)
    assert not story.deed(Committed(story.now - 1, frozenset({0}))).findings()
    story.deed(Committed(story.now + 1, frozenset({0})))
    assert story.findings() == ["a_transaction_is_delivered_after_its_commit"]


def test_a_contact_that_was_not_refused_is_not_to_be_dead_lettered() -> None:
    story = Story(produced(0)).dead_letter_written(0)
    assert story.findings() == ["each_end_is_the_right_one"]
    assert not story._add(refused=frozenset({0})).findings()


def test_two_records_of_one_contact_in_the_wrong_order_are_found() -> None:
    found = Story(produced(0), produced(1)).stored(1, 0).findings()
    assert {"a_contacts_records_come_in_order", "the_last_word_stands"} <= set(found)


def test_two_contacts_and_two_partitions_have_no_order_between_them() -> None:
    assert not Story(produced(0), produced(1, "b@example.com")).stored(1, 0).findings()
    assert not Story(produced(0), produced(1, partition=1)).stored(1, 0).findings()


def test_a_worker_that_goes_back_without_a_reason_is_found() -> None:
    story = Story(produced(0), produced(1)).stored(0).unanswered().stored(1).unanswered().stored(0, 1)
    assert story.findings() == ["one_worker_never_goes_back"]


def test_an_unanswered_request_is_repeated_and_an_answered_one_is_not() -> None:
    assert not Story(produced(0)).stored(0).unanswered().stored(0).findings()
    assert Story(produced(0)).stored(0, 0).findings() == ["a_repeat_has_its_reason"]


def test_an_event_may_be_repeated_while_another_one_of_its_record_is_unsettled() -> None:
    two = batch(0, "a@example.com", "b@example.com")
    assert not Story(*two).stored(0).stored(0, 1, worker=OTHER).commit(2).findings()
    assert Story(*two).stored(0, 1).stored(0, worker=OTHER).findings() == ["a_repeat_has_its_reason"]
    assert Story(*two).stored(0).findings() == ["nothing_is_lost"]


def test_an_event_is_not_settled_by_a_dead_letter_that_lists_another_one_of_its_record() -> None:
    good, bad = batch(0, "a@example.com", "b@example.com")
    story = Story(good, replace(bad, value=b"{broken"))
    story._add(dead_letters=frozenset([bad.place]))
    assert story.findings() == ["nothing_is_lost"]
    assert not story.stored(0).findings()
    story._add(dead_letters=frozenset([good.place, bad.place]))
    assert story.findings() == ["each_end_is_the_right_one"]


def test_two_events_of_one_contact_in_one_record_have_an_order() -> None:
    found = Story(*batch(0, "a@example.com", "a@example.com")).stored(1, 0).findings()
    assert {"a_contacts_records_come_in_order", "the_last_word_stands"} <= set(found)


def test_a_repeated_batch_that_leaves_an_older_payload_behind_is_found() -> None:
    story = Story(*batch(0, "a@example.com", "b@example.com"), produced(2)).stored(0, 2)
    assert story.stored(0, 1, worker=OTHER).findings() == ["the_last_word_stands"]


def test_a_kill_excuses_what_was_answered_just_before_it() -> None:
    story = Story(produced(0)).stored(0)
    killed = story.now + COMMIT_GRACE / 2
    assert not story.deed(Killed(WORKER, killed)).stored(0, worker=OTHER).findings()


def test_what_a_recreated_topic_gave_before_that_was_noticed_may_come_again() -> None:
    story = Story(produced(0))
    assert not story.deed(Recreated(story.now)).stored(0, after=NOTICE_GRACE / 2).stored(0).findings()


@pytest.mark.parametrize(
    "deed",
    [
        pytest.param(Killed(WORKER, 1010 + COMMIT_GRACE * 2), id="it had been answered long before the kill"),
        pytest.param(Killed(OTHER, 1010.1), id="another worker was killed"),
        pytest.param(Frozen(OTHER, 1010, 1018), id="another worker was frozen"),
        pytest.param(Recreated(1010 - NOTICE_GRACE * 2), id="the topic had been created again long before"),
        pytest.param(Recreated(1010 + NOTICE_GRACE * 2), id="the topic was created again long after"),
        pytest.param(BrokerAway(900, 910), id="the broker had been away long before"),
    ],
)
def test_a_repeat_that_the_deed_does_not_explain_is_found(deed: Deed) -> None:
    assert "a_repeat_has_its_reason" in Story(produced(0)).deed(deed).stored(0, 0).findings()


def test_a_worker_that_wakes_up_may_say_something_old_for_a_moment() -> None:
    story = Story(produced(0), produced(1)).stored(0, worker=OTHER).stored(1, worker=OTHER)
    wakes = story.now + 1
    story.deed(Frozen(WORKER, wakes - 8, wakes))
    assert not story.stored(0, after=1.1).findings()
    assert "the_last_word_stands" in story.stored(0, after=10.0).findings()


def test_a_commit_that_passes_an_unsettled_record_is_found() -> None:
    assert Story(produced(0)).commit(1).stored(0).findings() == [
        "a_commit_claims_only_what_is_settled",
        "what_a_commit_claims_is_not_delivered_again",
    ]


def test_a_map_that_claims_an_unsettled_record_is_found() -> None:
    records = (produced(0), produced(1, "b@example.com"))
    honest = encode(UNKNOWN_TOPIC_ID, 0, 2, [0])
    assert not Story(*records).stored(1).commit(0, honest).stored(0).commit(2).findings()
    assert "a_commit_claims_only_what_is_settled" in Story(*records).commit(0, honest).stored(1, 0).findings()


def test_a_repeated_claimed_record_is_found_even_if_a_kill_would_explain_it() -> None:
    story = Story(produced(0)).stored(0).commit(1, after=0.1).deed(Killed(WORKER, 1010.2))
    assert story.stored(0, worker=OTHER).findings() == ["what_a_commit_claims_is_not_delivered_again"]


def test_a_commit_that_goes_back_is_found() -> None:
    records = (produced(0), produced(1))
    assert Story(*records).stored(0, 1).commit(2).commit(1).findings() == ["commits_never_go_back"]


def test_after_a_reset_all_records_may_be_repeated() -> None:
    story = Story(produced(0), produced(1)).stored(0, 1).commit(2)
    story.deed(OffsetsReset(story.now + 1)).commit(0, after=1.1)
    assert story.findings() == ["after_a_reset_everything_comes_again"]
    assert story.stored(0).findings() == ["after_a_reset_everything_comes_again", "the_last_word_stands"]
    assert not story.stored(1).findings()
