"""The tests' npm packages, locked in `tests/node`."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from pathlib import Path

from tests.support.programs import absent

NODE = Path(__file__).parents[1] / "node"
_LOCK = NODE / "package-lock.json"
_INSTALLED = NODE / "node_modules" / ".package-lock.json"  # npm writes it last


def install() -> None:
    """Install the locked packages, again only after the lock file has changed; skip the test where npm is missing."""
    if shutil.which("npm") is None:
        absent("npm is not installed")
    with _LOCK.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the test run has several processes
        if not _INSTALLED.is_file() or _INSTALLED.stat().st_mtime < _LOCK.stat().st_mtime:
            subprocess.run(["npm", "ci", "--ignore-scripts", "--silent", "--fetch-retries", "5"], cwd=NODE, check=True)
