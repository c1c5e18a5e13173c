"""Client certificates of an authority that a test's broker trusts, with dates and issuers that it may not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """A certificate and its key, as files."""

    certificate: Path
    key: Path

    def variables(self) -> dict[str, str]:
        """Return the settings that use it."""
        return {
            "KAFKA_SSL_CERTIFICATE_LOCATION": str(self.certificate),
            "KAFKA_SSL_KEY_LOCATION": str(self.key),
        }


def issue(authority: trustme.CA, folder: Path, name: str, days: float = 365) -> ClientCertificate:
    """Issue a certificate that expires in so many days, or has expired."""
    leaf = authority.issue_cert(f"{name}@example.com", not_after=datetime.now(UTC) + timedelta(days=days))
    files = ClientCertificate(folder / f"{name}.crt", folder / f"{name}.key")
    files.certificate.write_bytes(b"".join(each.bytes() for each in leaf.cert_chain_pems))
    files.key.write_bytes(leaf.private_key_pem.bytes())
    return files
