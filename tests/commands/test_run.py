"""What `run` reports before it consumes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import trustme

from tests.support.certificates import issue
from tests.support.required_settings import REQUIRED
from tests.support.worker_process import WorkerProcess


def test_the_client_connects_before_the_worker_is_imported() -> None:
    code = "import sys, consumer.commands.run; print('consumer.app' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_a_certificate_that_expires_soon_is_logged_with_what_to_do(tmp_path: Path) -> None:
    certificate = issue(trustme.CA(), tmp_path, "expires-soon", days=10)
    variables = {**REQUIRED, "KAFKA_SECURITY_PROTOCOL": "ssl", **certificate.variables()}
    with WorkerProcess(variables, tmp_path / "log") as worker:
        worker.address()  # it runs
        (line,) = [each for each in worker.lines() if each["event"] == "client certificate expires soon"]
    assert line["name"] == "KAFKA_SSL_CERTIFICATE_LOCATION"
    assert line["what"] == "the certificate expires in 9 days"
    assert line["hint"].startswith("Renew it, then restart the workers")
