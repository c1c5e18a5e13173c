"""The optional parts of an installation, which pip calls extras.

Nothing but the part itself may import their packages: a worker runs on a plain installation.
"""

from __future__ import annotations

from enum import StrEnum
from importlib.util import find_spec

from consumer.errors import ConfigurationError, Problem


class Extra(StrEnum):
    """An extra, by its name in `pyproject.toml`."""

    DEMO = "demo"


PACKAGES = {Extra.DEMO: ("aiohttp", "trustme")}
"""What each extra installs."""


def require(extra: Extra, part: str) -> None:
    """Raise ConfigurationError unless every package of the extra is installed. Imports none of them.

    part -- what needs the extra, as an operator calls it
    """
    missing = [package for package in PACKAGES[extra] if find_spec(package) is None]
    if missing:
        what = f"needs {' and '.join(missing)}, which this installation lacks"
        hint = f"Install the extra: pip install 'clicksend-consumer[{extra}]'"
        raise ConfigurationError(Problem(part, what, hint))
