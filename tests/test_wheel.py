"""A built wheel works outside the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder into which the wheel, built from the checkout without any network, was installed."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")  # what installing a pure wheel is
    return folder / "site"


def run(installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(installed), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, env=environ, cwd=installed, check=False, capture_output=True, text=True)


def test_it_is_the_wheel_that_runs_and_not_the_checkout(installed: Path) -> None:
    done = run(installed, "-c", "import consumer; print(consumer.__file__)")
    assert done.stdout.strip() == str(installed / "consumer" / "__init__.py")


def test_the_command_runs(installed: Path) -> None:
    done = run(installed, "-m", "consumer", "settings")
    assert done.returncode == 3
    assert "KAFKA_TOPIC" in done.stdout


def test_the_command_is_among_the_scripts(installed: Path) -> None:
    (entry_points,) = installed.glob("*.dist-info/entry_points.txt")
    assert "clicksend-consumer = consumer.cli:main" in entry_points.read_text()


def test_the_schemas_are_inside(installed: Path) -> None:
    shipped = {path.name: path.read_bytes() for path in (installed / "consumer" / "schemas").iterdir()}
    assert shipped == {path.name: path.read_bytes() for path in (ROOT / "schemas").iterdir()}


def test_an_event_is_mapped_with_the_schemas_of_the_wheel(installed: Path) -> None:
    code = """
from consumer.enrolment.enroller import Enroller
from consumer.enrolment.rules import Rules
event = b'{"type": "identify", "traits": {"email": "Jane.Doe@example.com"}}'
print(Enroller(Rules.of()).decide(event).payload.decode())
"""
    done = run(installed, "-c", code)
    assert done.stderr == ""
    assert '"email":"jane.doe@example.com"' in done.stdout
