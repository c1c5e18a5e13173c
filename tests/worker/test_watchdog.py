"""A hanging thread ends the process with all stacks; a process that was only stopped continues."""

from __future__ import annotations

import math
import signal
import subprocess
import sys
import time
from subprocess import PIPE

import pytest

from consumer.worker.interpreter_timer import STATUS
from consumer.worker.watchdog import Pulse, Watchdog, stacks

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the timer is Linux's")


class Pulses:
    """A watchdog and its pulses."""

    def __init__(self, *pulses: Pulse) -> None:
        self.pulses = list(pulses)
        self.dog = Watchdog(lambda: self.pulses, silence=300, clock=lambda: 0.0, end=lambda: None)

    def hanging_after(self, start: float, seconds: int) -> str | None:
        """Return the hanging thread after checking once a second for this long."""
        found = None
        for second in range(seconds + 1):
            found = found or self.dog.hanging(start + second)
        return found.thread if found else None


def test_a_thread_within_its_limit_is_not_reported() -> None:
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
from consumer.worker.watchdog import Pulse, Watchdog
configure(LogLevel.INFO, LogFormat.JSON)
pulse = Pulse("the poll loop", time.monotonic(), float(sys.argv[1]))
Watchdog(lambda: [pulse], float(sys.argv[2]), time.monotonic, lambda: os._exit(70), grace=3).start()
def hangs():
    exec(sys.argv[3])
print("started", flush=True)
hangs()
"""


def process(limit: float, silence: float, hang: str) -> subprocess.Popen[str]:
    """A watched process that has begun to do this."""
    command = [sys.executable, "-c", HANGS, str(limit), str(silence), hang]
    running = subprocess.Popen(command, stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True)
    assert running.stdout is not None
    assert running.stdout.readline() == "started\n"
    return running


def test_a_process_whose_poll_loop_hangs_exits_with_70_and_logs_the_stacks() -> None:
    ended = process(limit=0.5, silence=60, hang="threading.Event().wait()")
    _, stderr = ended.communicate(timeout=180)
    assert ended.returncode == 70
    assert '"thread": "the poll loop"' in stderr
    assert "hangs" in stderr


@LINUX
@pytest.mark.slow
@pytest.mark.parametrize(
    "hang",
    [
        pytest.param("import ctypes; ctypes.PyDLL(None).sleep(170)", id="asleep"),
        pytest.param("import re; re.match('(a+)+$', 'a' * 60 + 'b')", id="at work"),
    ],
)
def test_a_thread_that_never_releases_the_interpreter_ends_the_process_too(hang: str) -> None:
    """Not even the watchdog runs any more."""
    ended = process(limit=600, silence=3, hang=f"time.sleep(1.5); {hang}")
    _, stderr = ended.communicate(timeout=160)
    assert ended.returncode == STATUS != 0
    assert "in hangs" in stderr


@LINUX
@pytest.mark.slow
@pytest.mark.parametrize("times", [1, 2])
def test_a_process_that_was_frozen_for_longer_than_any_limit_continues(times: int) -> None:
    """The clocks have gone on; the process has not hung."""
    frozen = process(limit=3, silence=3, hang="sys.stdin.readline(); print('unharmed')")
    for _ in range(times):
        frozen.send_signal(signal.SIGSTOP)
        time.sleep(8)
        frozen.send_signal(signal.SIGCONT)
        time.sleep(0.2)
    stdout, stderr = frozen.communicate("\n", timeout=160)
    assert (frozen.returncode, stdout, stderr) == (0, "unharmed\n", "")


def test_a_watchdog_that_was_stopped_ends_nothing() -> None:
    stop = "from consumer.worker.interpreter_timer import InterpreterTimer as It; it = It(1, 1); it.wind(); it.stop()"
    ended = process(limit=600, silence=60, hang=f"{stop}; time.sleep(4)")
    assert (ended.wait(timeout=160), ended.communicate()) == (0, ("", ""))
