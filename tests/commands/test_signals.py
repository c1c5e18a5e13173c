"""The signals that stop a command in order."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

PROGRAM = """
import signal
from threading import Event

from consumer.commands.signals import StopSignals

if {ignored}:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
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
