from __future__ import annotations

import pytest

from consumer import __version__
from tests.release.distributions import ROOT, RefusedError, checked_changelog

HEAD = "# Changelog\n\n## [Unreleased]\n"


def test_this_version_is_in_the_changelog() -> None:
    assert f"\n## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_a_changelog_that_is_ready() -> None:
    checked_changelog(f"{HEAD}\n## [1.2.0] - 2026-01-02\n\n### Added\n\n- a\n\n## [1.1.0] - 2025-01-02\n", "1.2.0")


@pytest.mark.parametrize(
    ("changelog", "words"),
    [
        pytest.param(f"{HEAD}\n- a\n\n## [1.2.0] - 2026-01-02\n", "unreleased changes", id="unreleased changes"),
        pytest.param(f"{HEAD}\n## [1.1.0] - 2026-01-02\n", "newest version is not 1.2.0", id="an older version"),
        pytest.param(f"{HEAD}\n## [1.2.0]\n", "no date", id="no date"),
        pytest.param(HEAD, "newest version is not 1.2.0", id="no version"),
        pytest.param("", "newest version is not 1.2.0", id="nothing"),
    ],
)
def test_a_changelog_that_is_not_ready(changelog: str, words: str) -> None:
    with pytest.raises(RefusedError, match=words):
        checked_changelog(changelog, "1.2.0")
