from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from consumer.app import EventDebugger, register_certificate
from consumer.clicksend.transport import Trust
from consumer.monitoring.server import Report
from consumer.settings import Sources, load
from consumer.worker.credential_store import CredentialStore
from tests.support.engine import Engine
from tests.support.required_settings import REQUIRED

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def certificate(not_after: datetime) -> bytes:
    """Return a client certificate that expires then, in PEM."""
    return trustme.CA().issue_cert("a@b.c", not_after=not_after).cert_chain_pems[0].bytes()


def wired(**variables: str) -> EventDebugger | None:
    monitor = load(Sources(variables), sections=("monitor",)).monitor
    return EventDebugger.of(monitor, Engine().scheduler, lambda: Report(good=True, body={}), time.monotonic)


def test_on_loopback_there_is_an_event_debugger() -> None:
    assert wired() is not None


@pytest.mark.parametrize("variables", [{"MONITOR_DEBUGGER": "off"}, {"MONITOR_HOST": "0.0.0.0"}])  # noqa: S104
def test_where_it_is_off_nothing_observes_records(variables: dict[str, str]) -> None:
    assert wired(**variables) is None


@pytest.mark.parametrize(
    ("content", "exported"),
    [(certificate(NOW), NOW.timestamp()), (b"", None), (None, None)],
    ids=["certificate", "unreadable", "no-file"],
)
def test_the_expiry_of_a_readable_certificate_is_exported(
    tmp_path: Path, content: bytes | None, exported: float | None
) -> None:
    path = tmp_path / "tls.crt"
    if content is not None:
        path.write_bytes(content)
    registry = CollectorRegistry()
    register_certificate(registry, str(path))
    assert registry.get_sample_value("clicksend_consumer_kafka_certificate_expiry_timestamp_seconds") == exported


def test_without_a_certificate_no_expiry_is_exported() -> None:
    registry = CollectorRegistry()
    register_certificate(registry, None)
    assert list(registry.collect()) == []


def test_credentials_that_cannot_be_read_again_name_their_cause(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("the-key")
    given = {name: value for name, value in REQUIRED.items() if name != "CLICKSEND_API_KEY"}
    sources = Sources({"SECRETS_DIR": str(tmp_path), **given, "CLICKSEND_API_KEY_FILE": str(key)})
    store = CredentialStore(load(sources), Trust(None))
    key.unlink()
    with capture_logs() as logged:
        store.reload()
    assert [each["cause"] for each in logged] == ["ConfigurationError"] * len(logged)
    assert all("loading.py" in each["at"] for each in logged)
    assert logged
