"""The gate against sinks with an unknown limit, in virtual time: share of accepted requests, share of 429s.

Judged over 60 seconds after the first 15. Where a 429 brings no Retry-After, at least 95 % of the limit is used in each
run. Where it does, each 429 costs a worker a whole second, for it is rounded up: there the average of the seeds is
judged, and no single run may be far below.

Not reached, with Retry-After: 95 % half a minute after a limit was halved, at 50 ms (90 %), and at half a second of
latency (89 % with one worker). Without it, too: three workers that start a second apart (90 to 98 %), and three workers
that share five requests a second (90 %, and up to 6 % of 429s). All are below the limit, none hammers.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import mean

import pytest

from consumer.sandbox.limiter import RetryAfter
from tests.delivery.limited_sink import (
    Changing,
    Figures,
    FixedWindow,
    Latency,
    Simulation,
    Sink,
    SlidingWindow,
    Storm,
    TokenBucket,
    WorkerPlan,
)

# Minutes of virtual time. The other cases run every line, and tracing takes five times as long.
UNTRACED = pytest.mark.no_cover

RATE = 100
SEEDS = range(1, 4)
FAST, USUAL, SLOW = Latency(0.001, 0.002), Latency(0.03, 0.08), Latency(0.4, 0.6)

SINKS: dict[str, Callable[[], Sink]] = {
    "window of 1 s": lambda: FixedWindow(RATE),
    "window of 10 s": lambda: FixedWindow(10 * RATE, 10),
    "sliding window": lambda: SlidingWindow(RATE),
    "token bucket": lambda: TokenBucket(RATE, burst=RATE / 10),
}
WORKERS = {
    "one worker": [WorkerPlan(slots=64)],
    "three workers": [WorkerPlan(slots=64)] * 3,
    "16 slots": [WorkerPlan(slots=16)],
}


def judged(
    sink: Callable[[], Sink],
    plans: list[WorkerPlan],
    latency: Latency,
    retry_after: RetryAfter,
    begin: float = 15,
    end: float = 75,
) -> list[Figures]:
    """Return the sink's counts in that time, by seed."""
    runs = (Simulation(sink(), plans, latency, retry_after, seed).run(end) for seed in SEEDS)
    return [run.figures(begin, end) for run in runs]


@UNTRACED
@pytest.mark.parametrize("sink", SINKS.values(), ids=SINKS.keys())
@pytest.mark.parametrize("plans", WORKERS.values(), ids=WORKERS.keys())
@pytest.mark.parametrize("latency", [FAST, USUAL], ids=["1 ms", "50 ms"])
def test_without_retry_after_95_percent_of_the_limit_are_used(
    sink: Callable[[], Sink], plans: list[WorkerPlan], latency: Latency
) -> None:
    for figures in judged(sink, plans, latency, RetryAfter.NONE):
        assert figures.rate >= 0.95 * RATE
        assert figures.refused_share <= 0.02


@UNTRACED
@pytest.mark.parametrize("sink", SINKS.values(), ids=SINKS.keys())
@pytest.mark.parametrize("plans", WORKERS.values(), ids=WORKERS.keys())
@pytest.mark.parametrize("latency", [FAST, USUAL], ids=["1 ms", "50 ms"])
def test_with_retry_after_the_limit_is_used_and_429s_are_rare(
    sink: Callable[[], Sink], plans: list[WorkerPlan], latency: Latency
) -> None:
    runs = judged(sink, plans, latency, RetryAfter.SECONDS)
    assert mean(figures.rate for figures in runs) >= 0.945 * RATE
    for figures in runs:
        assert figures.rate >= 0.92 * RATE
        assert figures.refused_share <= 0.02


@UNTRACED
@pytest.mark.parametrize("retry_after", [RetryAfter.NONE, RetryAfter.SECONDS])
def test_half_a_second_of_latency_does_not_lead_astray(retry_after: RetryAfter) -> None:
    for figures in judged(lambda: FixedWindow(RATE), [WorkerPlan(slots=64)] * 3, SLOW, retry_after):
        assert figures.rate >= 0.9 * RATE
        assert figures.refused_share <= 0.02


@UNTRACED
@pytest.mark.parametrize("retry_after", [RetryAfter.NONE, RetryAfter.SECONDS])
def test_a_limit_for_each_minute_is_learnt_from_its_first_window(retry_after: RetryAfter) -> None:
    """The first minute's 600 go out at once, for nothing says otherwise; judged are the third and the fourth.

    A window that is spent early is asked once a second when it opens: of so few requests that is a larger share, and
    without Retry-After some 5 % when eight minutes are judged.
    """
    for figures in judged(lambda: FixedWindow(600, 60), [WorkerPlan(slots=16)], USUAL, retry_after, 125, 245):
        assert figures.rate >= 0.9 * 10
        assert figures.refused_share <= 0.03


@UNTRACED
@pytest.mark.parametrize("retry_after", [RetryAfter.NONE, RetryAfter.SECONDS])
@pytest.mark.parametrize(
    ("factor", "within"), [(0.5, 30), (2, 120)], ids=["halved, within 30 s", "doubled, within two minutes"]
)
def test_a_limit_that_changes_is_learnt_anew(factor: float, within: float, retry_after: RetryAfter) -> None:
    def sink() -> Sink:
        return Changing(FixedWindow(RATE), 60, FixedWindow(round(RATE * factor)))

    runs = judged(sink, [WorkerPlan(slots=64)], FAST, retry_after, 60 + within, 120 + within)
    assert mean(figures.rate for figures in runs) >= 0.95 * RATE * factor
    assert all(figures.refused_share <= 0.02 for figures in runs)


@pytest.mark.parametrize("retry_after", [RetryAfter.NONE, RetryAfter.SECONDS])
@pytest.mark.parametrize(
    ("third", "begin", "share"),
    [
        pytest.param(WorkerPlan(slots=64, begin=60), 90, 0.95, id="joins"),
        pytest.param(WorkerPlan(slots=64, end=60), 150, 0.95, id="leaves"),
        # Whoever gets its partitions takes over its rate with them; else this were three quarters.
        pytest.param(WorkerPlan(slots=64, end=60), 65, 0.93, id="has just left"),
    ],
)
def test_when_a_worker_comes_or_goes_the_others_converge_anew(
    third: WorkerPlan, begin: float, share: float, retry_after: RetryAfter
) -> None:
    plans = [WorkerPlan(slots=64), WorkerPlan(slots=64), third]
    runs = judged(lambda: FixedWindow(RATE), plans, FAST, retry_after, begin, begin + 60)
    assert mean(figures.rate for figures in runs) >= share * RATE
    assert all(figures.refused_share <= 0.02 for figures in runs)


def test_a_rolling_restart_leaves_the_limit_in_use() -> None:
    """Four workers, each gone for seven seconds and replaced by one that knows nothing, then five seconds' rest."""
    old = [WorkerPlan(slots=16, end=60 + 12 * place) for place in range(4)]
    new = [WorkerPlan(slots=16, begin=67 + 12 * place) for place in range(4)]
    for figures in judged(lambda: FixedWindow(4 * RATE), old + new, Latency(0.09, 0.11), RetryAfter.NONE, 60, 108):
        assert figures.rate >= 0.94 * 4 * RATE


@UNTRACED
@pytest.mark.parametrize("retry_after", [RetryAfter.NONE, RetryAfter.SECONDS])
def test_a_storm_of_five_minutes_costs_a_trickle_and_is_over_within_a_minute(retry_after: RetryAfter) -> None:
    def sink() -> Sink:
        return Storm(FixedWindow(RATE), 60, 360)

    for seed in SEEDS:
        run = Simulation(sink(), [WorkerPlan(slots=16)], FAST, retry_after, seed).run(480)
        assert run.figures(70, 360).refused <= 290
        assert run.figures(420, 480).rate >= 0.95 * RATE


@UNTRACED
@pytest.mark.parametrize("limit", [20, 90])
def test_a_fixed_limit_below_the_sinks_is_used_in_full_and_never_exceeded(limit: int) -> None:
    for figures in judged(lambda: FixedWindow(RATE), [WorkerPlan(limit=limit)], USUAL, RetryAfter.SECONDS):
        assert 0.98 * limit <= figures.rate <= 1.002 * limit
        assert figures.refused == 0


@UNTRACED
def test_an_idle_hour_is_followed_by_the_rate_from_before() -> None:
    idle = WorkerPlan(slots=16, pause=(100, 3700))
    for seed in SEEDS:
        run = Simulation(FixedWindow(RATE), [idle], FAST, RetryAfter.SECONDS, seed).run(3730)
        assert run.figures(3700, 3701).taken <= RATE
        assert run.figures(3700, 3730).rate >= 0.9 * RATE
