"""The delivery loop's longest pause by the worker's own metric: `loop_lag_seconds`."""

from __future__ import annotations

import re
from collections.abc import Mapping

_LAG = re.compile(r"\w*loop_lag_seconds(?P<kind>\w*)(?:\{(?P<labels>[^}]*)\})?$")
_BOUND = re.compile(r'le="([^"]+)"')


def longest_pause(series: Mapping[str, float]) -> float | None:
    """Return the longest pause in seconds; None for a worker that doesn't measure it.

    Of a gauge the highest value; of a histogram the bound of the first bucket that holds them all.
    """
    gauges: list[float] = []
    buckets: dict[float, float] = {}
    for name, value in series.items():
        if (found := _LAG.match(name)) is None:
            continue
        if found["kind"] == "_bucket" and (bound := _BOUND.search(found["labels"] or "")):
            buckets[float(bound[1])] = buckets.get(float(bound[1]), 0.0) + value
        elif found["kind"] in {"", "_max"}:
            gauges.append(value)
    if gauges:
        return max(gauges)
    return min(bound for bound, count in buckets.items() if count == max(buckets.values())) if buckets else None
