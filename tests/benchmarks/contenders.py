"""The contenders: this worker, the Go floor, and the worker of another revision."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
GO_FLOOR = ROOT / ".tools" / "bin" / "go-floor"
NO_GO_FLOOR = "no Go floor: install Go, and `make bench` builds it. The rows go without it."


@dataclass(frozen=True, slots=True)
class Contender:
    """A program that delivers a topic's contacts, set up by the worker's variables.

    variables -- further ones that it needs
    """

    name: str
    command: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)


def worker_of(tree: Path, name: str = "worker") -> Contender:
    """Return the worker of a source tree, run by this interpreter with its libraries.

    `-P` keeps the current folder off Python's path, so that PYTHONPATH decides whose package is imported.
    """
    return Contender(name, (sys.executable, "-P", "-m", "consumer", "run"), {"PYTHONPATH": str(tree)})


WORKER = worker_of(ROOT)


def go_floor() -> Contender | None:
    """Return the Go floor; None where it was not built."""
    return Contender("Go floor", (str(GO_FLOOR),)) if GO_FLOOR.exists() else None


@contextmanager
def checkout(revision: str) -> Iterator[tuple[str, Path]]:
    """Check a revision out into a temporary worktree.

    Yields its short name and the folder. Raises CalledProcessError for a revision that git does not know.
    """
    name = _git("rev-parse", "--short", "--verify", f"{revision}^{{commit}}")
    with tempfile.TemporaryDirectory(prefix="against-") as folder:
        tree = Path(folder) / "tree"
        _git("worktree", "add", "--quiet", "--detach", str(tree), name)
        try:
            yield name, tree
        finally:
            _git("worktree", "remove", "--force", str(tree))


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
