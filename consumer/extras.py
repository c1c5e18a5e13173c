"""The optional parts of an installation, which pip calls extras, and those of libraries.

Nothing but the part itself may import the packages of an extra: a worker runs on a plain installation.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from importlib.util import find_spec

from consumer.errors import ConfigurationError, Problem


class Extra(StrEnum):
    """An extra, by its name in `pyproject.toml`."""

    AWS = "aws"
    DEMO = "demo"
    MTLS = "mtls"
    REGISTRY = "registry"
    OTEL = "otel"


PACKAGES = {
    Extra.AWS: ("aws_msk_iam_sasl_signer",),
    Extra.DEMO: ("aiohttp", "trustme"),
    Extra.MTLS: ("cryptography",),
    Extra.REGISTRY: ("fastavro", "google.protobuf"),
    Extra.OTEL: ("opentelemetry.proto",),
}
"""The packages of each extra that its part imports."""


def require(extra: Extra, part: str) -> None:
    """Raise ConfigurationError unless every package of the extra is installed. Imports none of them.

    part -- what needs the extra, as an operator calls it
    """
    missing = [package for package in PACKAGES[extra] if not _is_installed(package)]
    if missing:
        what = f"needs {' and '.join(missing)}, which this installation lacks"
        hint = f"Install the extra: pip install 'clicksend-consumer[{extra}]'"
        raise ConfigurationError(Problem(part, what, hint))


def is_installed(extra: Extra) -> bool:
    """Return whether every package of the extra is installed. Imports none of them."""
    return all(map(_is_installed, PACKAGES[extra]))


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:  # the package that contains it is missing
        return False


@contextmanager
def hidden(*packages: str) -> Iterator[None]:
    """Hide packages that a library imports only if it finds them, unless they are loaded already."""
    hiding = [package for package in packages if package not in sys.modules]
    for package in hiding:
        sys.modules[package] = None  # type: ignore[assignment]  # the import system reads None as "not installed"
    try:
        yield
    finally:
        for package in hiding:
            del sys.modules[package]
