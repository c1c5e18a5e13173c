"""The process of a command: signals that stop it, and its limit on open files."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys

import pytest

from consumer.commands.descriptors import RESERVE, descriptor_warnings, descriptors_needed

PROGRAM = """
import signal
from threading import Event

from consumer.commands.signals import StopSignals

signal.signal(signal.SIGHUP, signal.SIG_IGN if {ignored} else signal.SIG_DFL)  # whatever the tests were started with
stopped = Event()
StopSignals(stopped.set)
print("ready", flush=True)
while not stopped.wait(0.05):
    pass
print("stopped", flush=True)
"""


def begun(*, ignored: bool) -> subprocess.Popen[str]:
    program = PROGRAM.format(ignored=ignored)
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_stops_in_order(number: signal.Signals) -> None:
    with begun(ignored=False) as process:
        process.send_signal(number)
        assert process.communicate(timeout=60)[0] == "stopped\n"
    assert process.returncode == 0


def test_a_closed_terminal_stops_nothing_under_nohup() -> None:
    with begun(ignored=True) as process:
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=60)[0] == "stopped\n"
    assert process.returncode == 0, "a second signal would end it at once, with 1"


# A limit on open files that the requests in flight would reach is told at the start, with how to raise it.


def test_each_request_in_flight_needs_a_descriptor_beside_those_of_all_else() -> None:
    assert descriptors_needed(2000) == 2000 + RESERVE


@pytest.mark.parametrize(
    ("allowed", "warned"),
    [
        pytest.param(1024, 1, id="the-usual-soft-limit"),
        pytest.param(1000 + RESERVE - 1, 1, id="one-too-few"),
        pytest.param(1000 + RESERVE, 0, id="just-enough"),
        pytest.param(resource.RLIM_INFINITY, 0, id="no-limit"),
    ],
)
def test_a_limit_that_is_too_low_for_a_thousand_requests_is_a_warning_with_a_hint(allowed: int, warned: int) -> None:
    found = list(descriptor_warnings(1000, allowed))
    assert len(found) == warned
    assert all(str(descriptors_needed(1000)) in warning.hint for warning in found)


def test_the_default_concurrency_fits_into_the_usual_soft_limit() -> None:
    assert not list(descriptor_warnings(16, allowed=1024))
