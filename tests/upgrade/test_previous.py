"""The commit that the previous release is built from."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.upgrade.previous import NoPreviousReleaseError, last_commit


def git(folder: Path, *arguments: str | Path) -> str:
    somebody = {f"GIT_{who}_{what}": "a@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environ = {**os.environ, **somebody, "GIT_CONFIG_GLOBAL": os.devnull}
    command: list[str | Path] = ["git", "-C", folder, *arguments]
    return subprocess.run(command, env=environ, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """One with two versions, and commits of each."""
    folder = tmp_path / "repository"
    (folder / "consumer").mkdir(parents=True)
    git(folder, "init", "--quiet")
    for line in (
        '__version__ = "1.0.0"',
        '__version__ = "1.0.0"  # last',
        '__version__ = "1.1.0"',
        '__version__ = "1.1.0" #',
    ):
        (folder / "consumer" / "__init__.py").write_text(line)
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message", line)
    return folder


def test_it_is_the_last_one_before_this_version(repository: Path) -> None:
    assert last_commit(repository, "1.1.0") == git(repository, "rev-parse", "HEAD~2")


@pytest.mark.parametrize("depth", [1, 2])
def test_a_shallow_clone_has_none(repository: Path, tmp_path: Path, depth: int) -> None:
    git(tmp_path, "clone", "--quiet", f"--depth={depth}", repository.as_uri(), "clone")
    with pytest.raises(NoPreviousReleaseError, match=r"nothing before 1\.1\.0"):
        last_commit(tmp_path / "clone", "1.1.0")


def test_the_first_version_has_none(repository: Path) -> None:
    with pytest.raises(NoPreviousReleaseError):
        last_commit(repository, "1.0.0")
