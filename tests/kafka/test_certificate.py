"""The dates of a client certificate, as a check and a start see them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from consumer.extras import PACKAGES, Extra
from consumer.kafka.certificate import Dates

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
VALID = Dates(NOW - timedelta(days=1), NOW + timedelta(days=12, hours=5))


@pytest.mark.parametrize(
    ("left", "shown"),
    [
        (timedelta(days=200), "expires in 200 days"),
        (timedelta(days=12, hours=23), "expires in 12 days"),
        (timedelta(hours=47), "expires in 47 h"),
        (timedelta(minutes=5), "expires in 1 h"),
    ],
)
def test_the_expiry_of_a_certificate_is_shown_in_days_or_hours(left: timedelta, shown: str) -> None:
    assert Dates(NOW, NOW + left).remaining(NOW) == shown


def test_a_certificate_that_expires_soon_is_warned_of() -> None:
    warning = VALID.warning(NOW)
    assert warning is not None
    assert (warning.what, warning.hint[:8]) == ("the certificate expires in 12 days", "Renew it")
    assert Dates(NOW, NOW + timedelta(days=31)).warning(NOW) is None
    assert VALID.fault(NOW) is None


def test_a_certificate_outside_its_dates_is_a_fault() -> None:
    expired, early = VALID.fault(VALID.not_after), VALID.fault(VALID.not_before - timedelta(days=3))
    assert expired is not None
    assert expired.what == "the certificate expired 1 h ago"
    assert early is not None
    assert early.what == "the certificate is not valid before 2026-05-31 12:00 UTC"
    assert "clock" in early.hint


def test_the_dates_are_those_of_the_whole_chain(tmp_path: Path) -> None:
    authority = trustme.CA()
    ends = [NOW + timedelta(days=days) for days in (90, 30, 60)]
    path = tmp_path / "chain.pem"
    leaves = [authority.issue_cert("a@b.c", not_before=NOW - timedelta(days=1), not_after=end) for end in ends]
    path.write_bytes(b"".join(leaf.cert_chain_pems[0].bytes() for leaf in leaves))
    assert Dates.of(str(path)) == Dates(NOW - timedelta(days=1), ends[1])


def test_a_file_that_was_taken_away_has_no_dates(tmp_path: Path) -> None:
    assert Dates.of(str(tmp_path / "none.pem")) is None


def test_without_the_extra_there_are_no_dates(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(PACKAGES, Extra.MTLS, ("a_package_that_is_not_installed",))
    path = tmp_path / "tls.crt"
    trustme.CA().issue_cert("a@b.c").cert_chain_pems[0].write_to_path(str(path))
    assert Dates.of(str(path)) is None
