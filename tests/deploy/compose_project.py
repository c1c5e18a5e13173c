"""The complete compose project with locally built images, without Grafana."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any, Self

import yaml

from tests.support.programs import DEPLOY

FILE = DEPLOY / "compose" / "compose.yaml"
LOCAL = Path(__file__).parent / "compose" / "local.yaml"
BUILT = DEPLOY.parent / ".tools" / "bin" / "docker-compose"
ABSENT = "grafana"


def program() -> list[str]:
    """Docker Compose: Docker's plugin, or the one that is built from the Go modules; empty if there is neither."""
    if shutil.which("docker") and not _run(["docker", "compose", "version"]).returncode:
        return ["docker", "compose"]
    return [str(BUILT)] if BUILT.exists() else []


def taken_ports() -> list[int]:
    """Those of the file's ports at which something listens on this machine."""
    services = yaml.safe_load(FILE.read_text("utf-8"))["services"]
    ports = [int(port.split(":")[1]) for name in services if name != ABSENT for port in services[name].get("ports", ())]
    return [port for port in ports if _listens(port)]


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


class ComposeProject:
    """Up with the `with` block; gone after it, volumes included."""

    def __init__(self) -> None:
        files = [f"--file={FILE}", f"--file={LOCAL}"]
        self._command = [*program(), "--project-name=clicksend-consumer-test", *files]

    def run(self, *arguments: str) -> str:
        """A command of Docker Compose; fails with what it says."""
        done = _run([*self._command, *arguments])
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def containers(self, service: str) -> list[dict[str, Any]]:
        """The service's containers: `State`, `Health`, `ExitCode` and more."""
        listed = self.run("ps", "--all", "--format", "json", service)
        return [json.loads(line) for line in listed.splitlines()]

    def __enter__(self) -> Self:
        try:
            self.run("up", "--detach", "--no-build")
        except AssertionError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.run("down", "--volumes", "--timeout", "5")
