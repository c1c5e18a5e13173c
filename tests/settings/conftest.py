from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from consumer.errors import ConfigurationError, Problem
from consumer.settings import Settings, Sources, load
from tests.support.required_settings import REQUIRED

Environ = Mapping[str, str]


@pytest.fixture
def sources(tmp_path: Path) -> Callable[..., Sources]:
    """Sources with all that is required in the environment (None takes one away), and no file of the machine's."""
    (tmp_path / "secrets").mkdir()

    def make(environ: Mapping[str, str | None] | None = None, **others: object) -> Sources:
        entries = {"SECRETS_DIR": str(tmp_path / "secrets"), **REQUIRED, **(environ or {})}
        return Sources({name: value for name, value in entries.items() if value is not None}, **others)  # type: ignore[arg-type]  # tests pass what Sources takes

    return make


@pytest.fixture
def settings(sources: Callable[..., Sources]) -> Callable[..., Settings]:
    def make(**environ: str | None) -> Settings:
        return load(sources(environ))

    return make


@pytest.fixture
def problems(sources: Callable[..., Sources]) -> Callable[..., list[Problem]]:
    """Return the problems of this environment."""

    def find(**environ: str | None) -> list[Problem]:
        try:
            load(sources(environ))
        except ConfigurationError as error:
            return list(error.problems)
        return []

    return find
