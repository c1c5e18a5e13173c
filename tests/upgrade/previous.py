"""The previous release, built from this repository's history and installed with its own lock file."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from consumer import __version__
from tests.support.programs import unpack

ROOT = Path(__file__).parents[2]


class NoPreviousReleaseError(Exception):
    """There is none to be had here; the text says why."""


def last_commit(repository: Path = ROOT, version: str = __version__) -> str:
    """Return the last commit before this version. Raises NoPreviousReleaseError in a clone that is too shallow."""
    pattern = f'-S__version__ = "{version}"'
    raised = _git(repository, "log", "--format=%H", pattern, "--", "consumer/__init__.py").split()
    first = _git(repository, "rev-list", "--max-parents=0", "HEAD").split()
    if not raised or raised[-1] in first:
        raise NoPreviousReleaseError(f"this clone's history has nothing before {version}")
    return _git(repository, "rev-parse", f"{raised[-1]}^")


def install(revision: str, folder: Path) -> Path:
    """Build a commit's wheel and install it. Return the path of its `clicksend-consumer`."""
    uv = shutil.which("uv") or str(ROOT / ".tools" / "bin" / "uv")
    subprocess.run(["git", "archive", "--output", folder / "tree.tar", revision], cwd=ROOT, check=True)
    unpack(folder / "tree.tar", folder / "tree")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder / "dist")]
    subprocess.run(build, cwd=folder / "tree", check=True, capture_output=True)
    (wheel,) = (folder / "dist").glob("*.whl")
    python = folder / "environment" / "bin" / "python"
    steps: tuple[list[str | Path], ...] = (
        ["venv", "--python", sys.executable, "--no-python-downloads", python.parents[1]],
        ["pip", "sync", "--python", python, "--require-hashes", folder / "tree" / "requirements.txt"],
        ["pip", "install", "--python", python, "--no-deps", wheel],
    )
    for step in steps:
        done = subprocess.run([uv, *step], capture_output=True, text=True, check=False)
        if done.returncode:
            raise NoPreviousReleaseError(f"it can't be installed: {done.stderr[-400:]}")
    return python.with_name("clicksend-consumer")


def _git(repository: Path, *arguments: str) -> str:
    command: list[str | Path] = ["git", "-C", repository, *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
