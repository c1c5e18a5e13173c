"""A position is compared with the log before anything is consumed from there."""

from __future__ import annotations

import pytest
from confluent_kafka import OFFSET_BEGINNING, TopicPartition

from consumer.scheduling.offset_tracker import OffsetTracker
from consumer.worker.position_check import check_again, check_positions
from tests.support.consumer_stub import ConsumerStub
from tests.support.records import EVENTS, MORE_EVENTS

EPOCH = 3


class CheckHarness:
    """One assigned partition, whose committed offset is 40."""

    def __init__(self) -> None:
        self.stub = ConsumerStub()
        self.tracker = OffsetTracker(EVENTS, 40, 40)
        self.trackers = {EVENTS: self.tracker}

    def check(self, offset: int, epoch: int) -> None:
        check_positions(self.stub.consumer, self.trackers, [TopicPartition(*EVENTS, offset, leader_epoch=epoch)])

    def check_again(self) -> None:
        check_again(self.stub.consumer, self.trackers)


def test_a_position_with_a_leader_epoch_is_compared_once() -> None:
    harness = CheckHarness()
    harness.check(40, EPOCH)
    harness.check_again()
    assert harness.stub.sought == [(40, EPOCH)]
    assert not harness.tracker.paused


@pytest.mark.parametrize(
    ("offset", "epoch"),
    [
        pytest.param(40, -1, id="no epoch is known"),
        pytest.param(0, EPOCH, id="no record is before it"),
        pytest.param(OFFSET_BEGINNING, -1, id="wherever the log begins"),
    ],
)
def test_a_position_that_nothing_can_be_said_of_is_not(offset: int, epoch: int) -> None:
    harness = CheckHarness()
    harness.check(offset, epoch)
    harness.check_again()
    assert harness.stub.sought == []


def test_while_librdkafka_has_not_started_the_partition_it_is_paused() -> None:
    harness = CheckHarness()
    harness.stub.refuses_seeks = True
    harness.check(40, EPOCH)
    harness.check_again()
    assert harness.tracker.paused
    assert harness.stub.paused == [TopicPartition(*EVENTS)], "once"
    harness.stub.refuses_seeks = False
    harness.check_again()
    harness.check_again()
    assert harness.stub.sought == [(40, EPOCH)]
    assert harness.tracker.unchecked is None, "back-pressure resumes it"


def test_a_later_position_replaces_the_one_that_is_not_compared_yet() -> None:
    harness = CheckHarness()
    harness.stub.refuses_seeks = True
    harness.check(40, EPOCH)
    harness.stub.refuses_seeks = False
    harness.check(30, EPOCH)
    harness.check_again()
    assert harness.stub.sought == [(30, EPOCH)]


def test_a_partition_without_an_offset_tracker_is_left_alone() -> None:
    harness = CheckHarness()
    check_positions(harness.stub.consumer, harness.trackers, [TopicPartition(*MORE_EVENTS, 40, leader_epoch=EPOCH)])
    assert harness.stub.sought == []
