"""Commands as an operator runs them: each a process of its own, configured by its environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from tests.support.waiting import HANG_SECONDS

CONSUMER = (sys.executable, "-m", "consumer")


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Return these variables, and of the tester's own only what Python needs (COVERAGE_*: so that its lines count)."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "COVERAGE_")
    return {**{name: value for name, value in os.environ.items() if name.startswith(kept)}, **variables}


def run(
    *arguments: str, variables: Mapping[str, str], folder: Path, stdin: bytes = b""
) -> subprocess.CompletedProcess[str]:
    """Run `clicksend-consumer ARGUMENTS` in this folder to its end; its output never shows a traceback."""
    done = subprocess.run(
        [*CONSUMER, *arguments],
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


def run_into(
    out: IO[bytes] | int, *arguments: str, variables: Mapping[str, str], folder: Path
) -> subprocess.CompletedProcess[bytes]:
    """Run `clicksend-consumer ARGUMENTS` to its end, with its output going there."""
    return subprocess.run(
        [*CONSUMER, *arguments],
        env=environment({"SECRETS_DIR": str(folder), **variables}),
        stdout=out,
        stderr=subprocess.PIPE,
        timeout=HANG_SECONDS,
        check=False,
    )


def run_into_closed_pipe(
    *arguments: str, variables: Mapping[str, str], folder: Path
) -> subprocess.CompletedProcess[bytes]:
    """Run `clicksend-consumer ARGUMENTS` for a reader that has gone already, as `| head` goes."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        return run_into(writing, *arguments, variables=variables, folder=folder)
    finally:
        os.close(writing)


def start(*arguments: str, variables: Mapping[str, str], folder: Path) -> subprocess.Popen[str]:
    """Start `clicksend-consumer ARGUMENTS` in this folder with pipes, for a test that talks to it or interrupts it."""
    return subprocess.Popen(
        [*CONSUMER, *arguments],
        env=environment({"SECRETS_DIR": str(folder), **variables}),
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def json_lines(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    """Return the rows that a command has printed with `--format json`."""
    return [json.loads(line) for line in done.stdout.splitlines()]
