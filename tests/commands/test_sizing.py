"""The sizing model compared with an independent simulation."""

from __future__ import annotations

import heapq
import json
import math

import pytest

from consumer.commands.output import Format
from consumer.commands.sizing import DAY, Bound, Load, Means, plan, show
from consumer.exit_status import ExitStatus

SHOP = Load(events_per_day=100_000, enrolments=0.01)
RETAILER = Load(events_per_day=100_000_000, enrolments=0.01)
PLATFORM = Load(events_per_day=10_000_000_000, enrolments=0.01)
KNOWN_LIMIT = Means(limit=50)


def hours_until_all_is_delivered(rate: float, slots: int, means: Means, outage: float) -> float:
    """One request after the other in virtual time: contacts arrive at `rate` while ClickSend is away for `outage`
    hours, then go out through so many slots, never more a second than the limit.
    """
    free_at = [0.0] * slots
    gap = 1 / means.limit if means.limit < math.inf else 0.0
    now = next_turn = 0.0
    delivered, waiting = 0, outage * 3600 * rate
    while delivered < waiting + now * rate:  # those that came meanwhile stand behind
        now = max(heapq.heappop(free_at), next_turn)
        next_turn = now + gap
        heapq.heappush(free_at, now + means.latency)
        delivered += 1
    return now / 3600


@pytest.mark.parametrize(
    ("load", "means"),
    [
        pytest.param(Load(2_000_000, 0.05, outage=1), Means(latency=0.3), id="by requests in flight"),
        pytest.param(Load(4_000_000, 0.02, outage=1), Means(latency=0.2, limit=2), id="by ClickSend's limit"),
        pytest.param(Load(8_000_000, 0.02, outage=0.5), Means(latency=1.0, concurrency=4), id="slow answers"),
    ],
)
def test_catching_up_takes_as_long_as_the_simulation_of_single_requests(load: Load, means: Means) -> None:
    found = plan(load, means)
    slots = found.workers * means.concurrency
    took = hours_until_all_is_delivered(found.contacts, slots, means, load.outage)
    assert took == pytest.approx(found.catch_up, rel=0.05)


def test_a_shop_needs_one_worker_and_forgets_an_outage_within_minutes() -> None:
    found = plan(SHOP, KNOWN_LIMIT)
    assert (found.workers, found.bound) == (1, Bound.CLICKSEND)
    assert found.catch_up < 0.1


def test_a_retailer_needs_no_more_but_an_outage_of_hours_takes_an_hour_to_catch_up_with() -> None:
    found = plan(RETAILER, KNOWN_LIMIT)
    assert (found.workers, found.bound) == (1, Bound.CLICKSEND)
    assert 1 < found.catch_up < 2


def test_without_a_limit_a_platform_takes_many_workers_and_more_requests_in_flight_make_them_fewer() -> None:
    many = plan(PLATFORM, Means())
    assert many.bound is Bound.REQUESTS
    assert plan(PLATFORM, Means(concurrency=64)).workers < many.workers / 3


def test_a_platform_is_bound_by_clicksend_and_no_worker_more_mends_that() -> None:
    found = plan(PLATFORM, KNOWN_LIMIT)
    assert found.bound is Bound.CLICKSEND
    assert found.catch_up == math.inf


@pytest.mark.parametrize(("peak", "workers"), [(250, 2), (300, 3), (400, 3), (4000, 3)])
def test_no_more_workers_are_counted_than_clicksends_limit_feeds(peak: float, workers: int) -> None:
    """Each delivers 160 a second and ClickSend takes 400: room for more than that would be of no use."""
    load = Load(events_per_day=peak / 3 * DAY, enrolments=1)
    assert plan(load, Means(latency=0.1, limit=400, concurrency=16)).workers == workers


def test_where_most_events_are_read_and_dropped_cores_count() -> None:
    found = plan(Load(10_000_000_000, 0.00001), Means())
    assert found.workers == math.ceil(10_000_000_000 / DAY * 3 * 4.5e-6 / 0.8 + 0.001)


def test_there_are_two_partitions_for_each_worker_so_that_there_may_be_twice_as_many() -> None:
    found = plan(RETAILER, Means())
    assert found.partitions == 2 * found.workers


def test_a_backlog_that_never_shrinks_shows_in_the_exit_status() -> None:
    text, status = show(PLATFORM, KNOWN_LIMIT, Format.JSON)
    assert json.loads(text)["catch_up_hours"] is None
    assert status is ExitStatus.FAILED
    assert show(SHOP, KNOWN_LIMIT, Format.TABLE)[1] is ExitStatus.DONE
