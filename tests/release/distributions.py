"""Wheel and sdist of a commit, built more than once: whoever builds them again gets the same bytes."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.programs import unpack

ROOT = Path(__file__).parents[2]
RELEASED = re.compile(r"^## \[(\d[^\]]*)\](?: - \d{4}-\d{2}-\d{2})?$", re.MULTILINE)


class RefusedError(Exception):
    """The release can't be made like this; the text says why."""


def checked_changelog(changelog: str, version: str) -> None:
    """Raise RefusedError unless the changelog's newest version is this one, with a date and nothing after it."""
    unreleased, _, rest = changelog.partition("\n## [Unreleased]\n")[2].partition("\n## [")
    if unreleased.strip():
        raise RefusedError(f"CHANGELOG.md has unreleased changes: move them to {version}, or raise the version")
    newest = RELEASED.match(f"## [{rest}".partition("\n")[0])
    if newest is None or newest[1] != version:
        raise RefusedError(f"CHANGELOG.md's newest version is not {version}, which is consumer.__version__")
    if " - " not in newest[0]:
        raise RefusedError(f"CHANGELOG.md has no date for {version}")


def epoch(revision: str) -> str:
    """Return the time of a commit, in seconds: SOURCE_DATE_EPOCH of its distributions."""
    return _git("show", "--no-patch", "--format=%ct", revision).strip()


def built_twice(revision: str, folder: Path) -> list[Path]:
    """Return wheel and sdist of a commit, in `folder / "dist"`.

    Raises RefusedError where a second build (elsewhere, with other file modes) or one from the sdist has other bytes.
    """
    first = _build(_checkout(revision, folder / "first"), folder / "dist", epoch(revision))
    other = _checkout(revision, folder / "a-longer-path" / "second")
    for path in other.rglob("*"):
        path.chmod(0o700 if path.is_dir() or os.access(path, os.X_OK) else 0o600)  # as under another umask
    again = _build(other, folder / "again", epoch(revision))
    (sdist,) = folder.glob("dist/*.tar.gz")
    unpack(sdist, folder / "unpacked")
    (unpacked,) = (folder / "unpacked").iterdir()
    from_sdist = _build(unpacked, folder / "from-sdist", epoch(revision))
    for build, digests in (("a second build", again), ("a build from the sdist", from_sdist)):
        if different := [name for name, digest in first.items() if digests.get(name) != digest]:
            raise RefusedError(f"{', '.join(different)}: {build} has other bytes")
    return sorted((folder / "dist").iterdir())


def _checkout(revision: str, folder: Path) -> Path:
    folder.mkdir(parents=True)
    archive = subprocess.run(["git", "archive", revision], cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
    subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
    return folder


def _build(source: Path, folder: Path, epoch: str) -> dict[str, str]:
    """Return the digest of each built file."""
    shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(folder)]
    subprocess.run(command, cwd=source, env={**os.environ, "SOURCE_DATE_EPOCH": epoch}, check=True, capture_output=True)
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
