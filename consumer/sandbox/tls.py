"""TLS with a CA made for one run, since the worker requires https off loopback.

The `openssl` command makes the certificates: Python's standard library can't, and a library would be installed with
every worker.
"""

from __future__ import annotations

import ipaddress
import shutil
import ssl
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from consumer.errors import ConfigurationError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from consumer.sandbox.options import SandboxOptions

HINT = "Install the openssl command (Debian: apt-get install openssl), and name a file that can be written."

CONFIG = """
[req]
distinguished_name = name
prompt = no
[name]
CN = {common_name}
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = {names}
"""
"""All extensions that `ssl.VERIFY_X509_STRICT` requires, Python's default since 3.13."""

VALIDITY = ("-days", "30")
NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def server_context(options: SandboxOptions) -> ssl.SSLContext | None:
    """Return a context for the server, and write its CA's certificate to `tls_ca_file`; None without that option.

    The CA's key is deleted before this returns, so it can sign nothing else. Raises ConfigurationError.
    """
    if options.tls_ca_file is None:
        return None
    names = ("localhost", "127.0.0.1", "::1", options.host, *options.allowed_hosts)
    with tempfile.TemporaryDirectory(prefix="clicksend-sandbox-") as directory:
        try:
            make_certificates(Path(directory), names)
            shutil.copyfile(Path(directory, "ca.pem"), options.tls_ca_file)
        except (OSError, subprocess.CalledProcessError) as error:
            reason = error.strerror if isinstance(error, OSError) else "the openssl command failed"
            raise ConfigurationError(Problem("sandbox certificate", f"can't be made: {reason}", HINT)) from error
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(Path(directory, "server.pem"), Path(directory, "server.key"))
        return context


def make_certificates(directory: Path, names: Iterable[str]) -> None:
    """Write ca.pem, server.pem and server.key into the directory."""
    alternatives = ", ".join(dict.fromkeys(alternative_name(name) for name in names))
    for role, common_name in (("ca", "ClickSend sandbox CA"), ("server", "ClickSend sandbox")):
        Path(directory, f"{role}.cnf").write_text(CONFIG.format(common_name=common_name, names=alternatives))
    openssl(directory, "req -x509 -config ca.cnf -extensions ca -keyout ca.key -out ca.pem", *NEW_KEY, *VALIDITY)
    openssl(directory, "req -new -config server.cnf -keyout server.key -out server.csr", *NEW_KEY)
    sign = "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem"
    openssl(directory, f"{sign} -extfile server.cnf -extensions server", *VALIDITY)


def alternative_name(name: str) -> str:
    try:
        return f"IP:{ipaddress.ip_address(name)}"
    except ValueError:
        return f"DNS:{name}"


def openssl(directory: Path, command: str, *options: str) -> None:
    arguments = ["openssl", *command.split(), *options]
    subprocess.run(arguments, cwd=directory, check=True, capture_output=True)  # noqa: S603  (no shell, our own words)
