from __future__ import annotations

import io
import sys

import pytest

from consumer.commands.progress import progress
from tests.support.terminal import Terminal


def test_there_is_a_bar_for_whoever_waits_at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    with progress("explaining", 10) as advance:
        advance(4)
    assert "explaining" in terminal.getvalue()


@pytest.mark.parametrize(
    ("out", "err"),
    [
        pytest.param(io.StringIO(), io.StringIO(), id="nobody-looks"),
        pytest.param(Terminal(), Terminal(), id="the-rows-go-to-the-terminal"),
    ],
)
def test_there_is_none_elsewhere(monkeypatch: pytest.MonkeyPatch, out: io.StringIO, err: io.StringIO) -> None:
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    with progress("explaining", 10) as advance:
        advance(4)
    assert err.getvalue() == out.getvalue() == ""
