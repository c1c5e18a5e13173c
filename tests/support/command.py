"""A command as an operator runs it: a process of its own, set up by its environment."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

HANG_SECONDS = 120.0  # a guard against hanging


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """These variables, and of the tester's own only what Python needs (COVERAGE_*: so that its lines count)."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "COVERAGE_")
    return {**{name: value for name, value in os.environ.items() if name.startswith(kept)}, **variables}


def run(
    *arguments: str, variables: Mapping[str, str], folder: Path, stdin: bytes = b""
) -> subprocess.CompletedProcess[str]:
    """`clicksend-consumer ARGUMENTS` in this folder, to its end. Whatever it says, it shows no traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "consumer", *arguments],
        env=environment({"SECRETS_DIR": str(folder), **variables}),
        cwd=folder,
        input=stdin,
        capture_output=True,
        timeout=HANG_SECONDS,
        check=False,
    )
    out, err = done.stdout.decode(), done.stderr.decode()
    assert "Traceback" not in err
    return subprocess.CompletedProcess(done.args, done.returncode, out, err)


def wait_until(what: Callable[..., Any]) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + HANG_SECONDS
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)
