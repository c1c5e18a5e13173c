"""A group that Kafka refuses before the coordinator is known, which librdkafka does not report."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any, cast

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from consumer.kafka.group_watch import INTERVAL, PATIENCE, GroupWatch

FORBIDDEN = KafkaError(KafkaError.GROUP_AUTHORIZATION_FAILED)


class SilentAdmin:
    """The used part of an AdminClient: the test answers."""

    def __init__(self) -> None:
        self.asked: list[Future[Any]] = []

    def describe_consumer_groups(self, groups: list[str], request_timeout: float) -> dict[str, Future[Any]]:
        assert request_timeout == 3600, "librdkafka aborts where such a request has timed out"
        self.asked.append(Future())
        return {groups[0]: self.asked[-1]}


@pytest.fixture
def admin() -> SilentAdmin:
    return SilentAdmin()


@pytest.fixture
def refusals() -> list[KafkaError]:
    return []


@pytest.fixture
def watch(admin: SilentAdmin, refusals: list[KafkaError]) -> GroupWatch:
    return GroupWatch("group", lambda: cast(AdminClient, admin), refusals.append, now=0.0)


def test_a_refused_group_is_reported(watch: GroupWatch, admin: SilentAdmin, refusals: list[KafkaError]) -> None:
    watch.look(PATIENCE)
    admin.asked[0].set_exception(KafkaException(FORBIDDEN))
    watch.look(PATIENCE + 1)
    assert refusals == [FORBIDDEN]
    watch.look(PATIENCE + 2)
    assert len(admin.asked) == 1


def test_it_asks_again_after_a_while_and_one_request_at_a_time(watch: GroupWatch, admin: SilentAdmin) -> None:
    watch.look(PATIENCE / 2)
    assert not admin.asked
    watch.look(PATIENCE)
    watch.look(PATIENCE + 2 * INTERVAL)
    assert len(admin.asked) == 1
    admin.asked[0].set_result(None)
    watch.look(PATIENCE + 2 * INTERVAL)
    watch.look(PATIENCE + 2 * INTERVAL)
    assert len(admin.asked) == 2


def test_a_group_that_may_be_used_and_any_other_failure_are_no_refusal(
    watch: GroupWatch, admin: SilentAdmin, refusals: list[KafkaError]
) -> None:
    for at, answer in enumerate((None, TimeoutError())):
        watch.look(PATIENCE + at * INTERVAL)
        if answer is None:
            admin.asked[at].set_result(None)
        else:
            admin.asked[at].set_exception(answer)
        watch.look(PATIENCE + at * INTERVAL)
    assert not refusals


def test_with_a_coordinator_nothing_is_asked(watch: GroupWatch, admin: SilentAdmin) -> None:
    watch.coordinator_known(100.0)
    watch.look(100.0 + PATIENCE / 2)
    assert not admin.asked
