"""The versions of the files that hold secrets: another one means that a secret may have changed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from consumer.settings.sources import Sources, secret_file

Version = tuple[int, int, int, int] | None


def file_versions(sources: Sources, variables: Iterable[str]) -> dict[Path, Version]:
    """Return the version of each file that may hold one of these settings; None: unreadable.

    Symbolic links are followed: Kubernetes renews a mounted Secret by replacing one.
    """
    files = [secret_file(sources.environ, variable) for variable in variables]
    return {path: _version(path) for path in (*files, *([sources.config] if sources.config else []))}


def _version(path: Path) -> Version:
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    # The last one can't be set: a tool that keeps modification times equal writes a key of the same length in place.
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
