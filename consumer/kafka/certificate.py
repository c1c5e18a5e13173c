"""The dates of the client certificate. They need the extra `mtls`."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from msgspec import Struct

from consumer.errors import Problem
from consumer.extras import Extra, is_installed

SOON = timedelta(days=30)  # a certificate that expires within this time should be renewed
RENEW = "Renew it, then restart the workers: librdkafka reads it once"
SETTING = "KAFKA_SSL_CERTIFICATE_LOCATION"


class Dates(Struct, frozen=True):
    """The time in which all certificates of a file are valid."""

    not_before: datetime
    not_after: datetime

    @classmethod
    def of(cls, path: str) -> Dates | None:
        """Return the dates of the certificates in a PEM file; None: the extra is not installed, or they are unreadable.

        A certificate that OpenSSL accepts is unreadable if it breaks a rule of RFC 5280.
        """
        if not is_installed(Extra.MTLS):
            return None
        from cryptography.x509 import load_pem_x509_certificates  # noqa: PLC0415 -- only where it is installed

        try:
            chain = load_pem_x509_certificates(Path(path).read_bytes())
        except (OSError, ValueError):
            return None
        return cls(max(each.not_valid_before_utc for each in chain), min(each.not_valid_after_utc for each in chain))

    def fault(self, now: datetime) -> Problem | None:
        """Return why no broker accepts the certificate now; None: its dates are no reason."""
        if now >= self.not_after:
            return Problem(SETTING, f"the certificate expired {_days(now - self.not_after)} ago", RENEW)
        if now < self.not_before:
            what = f"the certificate is not valid before {self.not_before:%Y-%m-%d %H:%M} UTC"
            return Problem(SETTING, what, "Compare this machine's clock with its issuer's, or wait")
        return None

    def warning(self, now: datetime) -> Problem | None:
        """Return a warning where the certificate expires soon."""
        soon = self.not_after - now < SOON
        return Problem(SETTING, f"the certificate {self.remaining(now)}", RENEW) if soon else None

    def remaining(self, now: datetime) -> str:
        """Return when the certificate expires, as a verb and a time."""
        return f"expires in {_days(self.not_after - now)}"


def _days(span: timedelta) -> str:
    if span >= timedelta(days=2):
        return f"{span.days} days"
    return f"{max(1, round(span.total_seconds() / 3600))} h"
