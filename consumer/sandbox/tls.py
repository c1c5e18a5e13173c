"""TLS with a CA made for one run, since the worker requires https off loopback."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from consumer.errors import ConfigurationError, Problem

if TYPE_CHECKING:
    from consumer.sandbox.options import SandboxOptions


def server_context(options: SandboxOptions) -> ssl.SSLContext | None:
    """Return a context for the server, and write its CA's certificate to `tls_ca_file`; None without that option.

    The CA's key is deleted before this returns, so it can sign nothing else. Raises ConfigurationError.
    """
    if options.tls_ca_file is None:
        return None
    import trustme  # noqa: PLC0415 -- takes 0.2 s, and few runs serve https

    names = dict.fromkeys(("localhost", "127.0.0.1", "::1", options.host, *options.allowed_hosts))
    authority = trustme.CA(organization_name="ClickSend sandbox")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        authority.issue_cert(*names).configure_cert(context)
        authority.cert_pem.write_to_path(str(options.tls_ca_file))
    except OSError as error:
        raise _not_made(
            error.strerror, "Name a file that can be written; the temporary directory must be writable, too."
        ) from error
    except ValueError as error:  # IDNA has no such name
        hint = "Give --host and --allowed-host IP addresses, or DNS names."
        raise _not_made("a host name can't stand in it", hint) from error
    return context


def _not_made(reason: str | None, hint: str) -> ConfigurationError:
    return ConfigurationError(Problem("sandbox certificate", f"can't be made: {reason}", hint))
