"""What `run` reports before it consumes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import trustme

from tests.support.certificates import issue
from tests.support.required_settings import REQUIRED
from tests.support.worker_process import WorkerProcess


def loaded(code: str, *names: str) -> set[str]:
    """The modules among these that are loaded after the code."""
    code = f"import sys; {code}; print(*{{*{names}}} & {{*sys.modules}})"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_a_worker_without_arguments_starts_without_a_parser_for_them() -> None:
    code = "import consumer.commands.ending, consumer.commands.start"
    assert not loaded(code, "typer", "confluent_kafka")


def test_a_worker_is_configured_without_what_only_the_sandbox_needs() -> None:
    assert not loaded("import consumer.app, consumer.commands.run", "pydantic", "aiohttp", "trustme")


def test_the_client_connects_before_the_worker_is_imported() -> None:
    later = ("consumer.app", "consumer.enrolment.enroller", "requests", "phonenumbers", "tenacity", "prometheus_client")
    assert not loaded("import consumer.settings, consumer.commands.run", *later)


def test_the_worker_joins_the_group_while_the_transport_is_loaded() -> None:
    assert loaded("import consumer.app", "consumer.worker.poll_loop", "requests") == {"consumer.worker.poll_loop"}


def test_requests_is_loaded_without_what_guesses_encodings_and_without_a_warning() -> None:
    code = (
        "import sys; from consumer.clicksend.transport import load_requests; load_requests(); import requests;"
        "print({'chardet', 'charset_normalizer'} & {*sys.modules}, requests.Request('GET', 'http://a/é').prepare().url);"
        "import charset_normalizer; print(charset_normalizer.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["set() http://a/%C3%A9", "charset_normalizer"]
    assert not done.stderr


def test_what_the_start_has_made_is_never_looked_through_for_garbage() -> None:
    code = (
        "import gc; gc.disable(); from consumer.commands.start import calm_garbage_collection;"
        "calm_garbage_collection(); print(gc.isenabled(), gc.get_freeze_count() > 0, gc.get_count()[0] < 1000)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True True True\n"


def test_a_certificate_that_expires_soon_is_logged_with_what_to_do(tmp_path: Path) -> None:
    certificate = issue(trustme.CA(), tmp_path, "expires-soon", days=10)
    variables = {**REQUIRED, "KAFKA_SECURITY_PROTOCOL": "ssl", **certificate.variables()}
    with WorkerProcess(variables, tmp_path / "log") as worker:
        worker.address()  # it runs
        (line,) = [each for each in worker.lines() if each["event"] == "client certificate expires soon"]
    assert line["name"] == "KAFKA_SSL_CERTIFICATE_LOCATION"
    assert line["what"] == "the certificate expires in 9 days"
    assert line["hint"].startswith("Renew it, then restart the workers")
