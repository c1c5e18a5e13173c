"""Programs that the tests of `deploy/` need besides Python packages."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"


def absent(reason: str) -> None:
    """Skip the test, or fail where a run has promised the programs."""
    if os.environ.get("CONSUMER_TESTS_REQUIRE_TOOLS"):
        pytest.fail(reason)
    pytest.skip(reason)


def run(program: str, *arguments: str | Path, text: str | None = None) -> None:
    """Run a program; the test fails with what it says where it finds fault, and is skipped where it is missing."""
    if shutil.which(program) is None:
        absent(f"{program} is not installed")
    done = subprocess.run([program, *arguments], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def run_installed(program: str, *arguments: str | Path) -> None:
    """Run a program that the development environment brings; the test fails with what it says."""
    run(str(Path(sys.executable).parent / program), *arguments)
