"""A thread that hangs ends the process, with the stacks of all threads; a process that was only stopped goes on."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest

from consumer.stream.watchdog import Pulse, Watchdog, stacks


class Pulses:
    """What the watchdog is told, and the watchdog."""

    def __init__(self, *pulses: Pulse) -> None:
        self.pulses = list(pulses)
        self.dog = Watchdog(lambda: self.pulses, silence=300, clock=lambda: 0.0, end=lambda: None)

    def hanging_after(self, start: float, seconds: int) -> str | None:
        """Who hangs, after looking once a second for so long."""
        found = None
        for second in range(seconds + 1):
            found = found or self.dog.hanging(start + second)
        return found.thread if found else None


def test_a_thread_within_its_limit_is_left_alone() -> None:
    assert Pulses(Pulse("the poll loop", since=100, limit=30)).hanging_after(100, 30) is None


def test_a_thread_over_its_limit_is_named() -> None:
    pulses = Pulses(Pulse("delivery-0", since=120, limit=30), Pulse("delivery-1", since=100, limit=30))
    assert pulses.hanging_after(100, 31) == "delivery-1"


def test_a_thread_that_does_nothing_never_hangs() -> None:
    assert Pulses(Pulse("delivery-0", since=math.inf, limit=30)).hanging_after(100, 1000) is None


def test_the_time_for_which_the_whole_process_was_stopped_does_not_count() -> None:
    pulses = Pulses(Pulse("the poll loop", since=100, limit=30))
    assert pulses.hanging_after(100, 20) is None
    assert pulses.hanging_after(1000, 30) is None, "stopped for 880 s: everything looks old"
    assert pulses.hanging_after(1031, 0) == "the poll loop", "but it does not go on"


def test_stacks_tell_places_and_no_values() -> None:
    password = "hush"
    here = stacks()["MainThread"]
    assert "test_stacks_tell_places_and_no_values" in here
    assert password not in here


HANGS = """
import os, sys, threading, time
from consumer.log import LogFormat, LogLevel, configure
from consumer.stream.watchdog import Pulse, Watchdog
configure(LogLevel.INFO, LogFormat.JSON)
pulse = Pulse("the poll loop", time.monotonic(), float(sys.argv[1]))
Watchdog(lambda: [pulse], float(sys.argv[2]), time.monotonic, lambda: os._exit(70)).start()
def hangs():
    exec(sys.argv[3])
hangs()
"""


def run(limit: float, silence: float, hang: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", HANGS, str(limit), str(silence), hang]
    return subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)


def test_a_process_whose_poll_loop_hangs_ends_with_70_and_says_where() -> None:
    ended = run(limit=0.5, silence=60, hang="threading.Event().wait()")
    assert ended.returncode == 70
    assert '"thread": "the poll loop"' in ended.stderr
    assert "hangs" in ended.stderr


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs libc by its place in the process")
def test_a_thread_that_never_gives_the_interpreter_free_ends_the_process_too() -> None:
    """As an endless regular expression does: not even the watchdog runs any more."""
    hang = "import ctypes; time.sleep(4); ctypes.PyDLL(None).sleep(90)"
    ended = run(limit=60, silence=4, hang=hang)
    assert ended.returncode == 1
    assert "in hangs" in ended.stderr
