from __future__ import annotations

import signal
import subprocess
import sys

import pytest
import requests

PROGRAM = """
import sys
from consumer.sandbox.command import run_sandbox
from consumer.sandbox.options import SandboxOptions
sys.exit(run_sandbox(SandboxOptions(api_key="secret-key"), out=sys.stdout, talk=sys.stderr))
"""


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_its_address_serves_and_stops_on_request(stop: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        answer = requests.get(f"{url}/account", auth=("sandbox", "secret-key"), timeout=60)
        process.send_signal(stop)
        out, talk = process.communicate(timeout=60)
    assert answer.status_code == 200
    assert (process.returncode, out) == (0, "")
    assert url in talk
    assert "Traceback" not in talk
    assert "secret-key" not in talk
