"""Programs that tests need besides Python packages."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from enum import StrEnum
from pathlib import Path
from typing import NoReturn

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"


class Promise(StrEnum):
    """What a run promises: a test that needs it is not skipped then. By the variable's name."""

    CHROMIUM = "CONSUMER_TESTS_REQUIRE_CHROMIUM"
    KAFKA = "CONSUMER_TESTS_REQUIRE_KAFKA"
    TOOLS = "CONSUMER_TESTS_REQUIRE_TOOLS"


def absent(reason: str, promise: Promise = Promise.TOOLS) -> NoReturn:
    """Skip the test, or fail where a run has promised what is absent."""
    if os.environ.get(promise):
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


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a tar archive into a folder, with `tar`: tarfile has its filter since CPython 3.11.4 only."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["tar", "--extract", "--file", archive, "--directory", folder], check=True)
