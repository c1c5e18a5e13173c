from __future__ import annotations

import time

import pytest

from consumer.monitor import Report
from consumer.operations.wiring import Debugger
from consumer.settings import Sources, load
from tests.stream.builders import Engine


def wired(**variables: str) -> Debugger | None:
    monitor = load(Sources(variables), sections=("monitor",)).monitor
    return Debugger.of(monitor, Engine().scheduler, lambda: Report(good=True, body={}), time.monotonic)


def test_on_loopback_there_is_an_event_debugger() -> None:
    assert wired() is not None


@pytest.mark.parametrize("variables", [{"MONITOR_DEBUGGER": "off"}, {"MONITOR_HOST": "0.0.0.0"}])  # noqa: S104
def test_where_it_is_off_nothing_hears_of_records(variables: dict[str, str]) -> None:
    assert wired(**variables) is None
