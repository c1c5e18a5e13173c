from __future__ import annotations

import pytest

from tests.benchmarks.loop_lag import longest_pause

BUCKETS = {
    'clicksend_consumer_loop_lag_seconds_bucket{le="0.01"}': 90.0,
    'clicksend_consumer_loop_lag_seconds_bucket{le="0.05"}': 97.0,
    'clicksend_consumer_loop_lag_seconds_bucket{le="0.1"}': 97.0,
    'clicksend_consumer_loop_lag_seconds_bucket{le="+Inf"}': 97.0,
    "clicksend_consumer_loop_lag_seconds_sum": 1.2,
    "clicksend_consumer_loop_lag_seconds_count": 97.0,
}


@pytest.mark.parametrize(
    ("series", "pause"),
    [
        pytest.param({}, None, id="not measured"),
        pytest.param({"loop_lag_records": 3.0}, None, id="another metric"),
        pytest.param({"clicksend_consumer_loop_lag_seconds": 0.003}, 0.003, id="a gauge"),
        pytest.param({'loop_lag_seconds{loop="a"}': 0.1, 'loop_lag_seconds{loop="b"}': 0.2}, 0.2, id="labels"),
        pytest.param({"loop_lag_seconds": 0.001, "loop_lag_seconds_max": 0.2}, 0.2, id="a gauge of the maximum"),
        pytest.param(BUCKETS, 0.05, id="a histogram"),
        pytest.param(dict.fromkeys(BUCKETS, 0.0), 0.01, id="an empty histogram"),
    ],
)
def test_the_longest_pause_is_read_from_the_metrics(series: dict[str, float], pause: float | None) -> None:
    assert longest_pause(series) == pause
