"""What the Dockerfile promises, read from its text: tests/deploy/test_image.py builds it where Docker is."""

from __future__ import annotations

import platform
import re
import subprocess
from pathlib import Path

import pytest

from consumer.extras import Extra
from tests.support.programs import DEPLOY

FILE = (DEPLOY / "Dockerfile").read_text("utf-8")
PREFIX = "org.opencontainers.image."
LABELS = dict(re.findall(rf'{re.escape(PREFIX)}([a-z.]+)="([^"]*)"', FILE))
ARGUMENTS = dict(re.findall(r"(?m)^ARG (\w+)=(.*)$", FILE))


def test_the_labels_are_those_of_the_oci_specification() -> None:
    assert set(LABELS) == {
        *("title", "description", "version", "revision", "created", "source", "url", "documentation", "base.name")
    }


@pytest.mark.parametrize("label", LABELS)
def test_a_label_has_a_value_without_any_argument_of_the_build(label: str) -> None:
    value = re.sub(r"\$\{(\w+)\}", lambda found: ARGUMENTS[found[1]], LABELS[label])
    assert value
    if label == "created":
        assert re.fullmatch(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", value)
    if label in ("source", "url", "documentation"):
        assert value.startswith("https://")


@pytest.mark.parametrize(
    ("given", "files"),
    [
        pytest.param({}, ["requirements.txt"], id="none"),
        pytest.param({"EXTRAS": "aws"}, ["requirements.txt", "requirements-aws.txt"], id="an-extra"),
        pytest.param(
            {"EXTRAS": "aws  otel"}, ["requirements.txt", "requirements-aws.txt", "requirements-otel.txt"], id="two"
        ),
        pytest.param({"REQUIREMENTS": "requirements-otel.txt"}, ["requirements-otel.txt"], id="another-lock-file"),
    ],
)
def test_the_packages_of_each_extra_are_installed(given: dict[str, str], files: list[str], tmp_path: Path) -> None:
    """The step runs in a shell, with a python3 that prints what it is called with."""
    step = re.findall(r"(?ms)^RUN (case .*?[^\\])$", FILE)[0]
    python = tmp_path / "python3"
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    python.chmod(0o755)
    defaults = {name: value for name, value in ARGUMENTS.items() if name in ("EXTRAS", "REQUIREMENTS")}
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
    variables = {"PATH": f"{tmp_path}:/usr/bin:/bin", "ARCH": architecture, **defaults, **given}
    done = subprocess.run(["sh", "-c", step], env=variables, capture_output=True, text=True, check=True)
    words = done.stdout.split()
    assert words[:3] == ["-m", "pip", "install"]
    assert "--require-hashes" in words
    assert [words[at + 1] for at, word in enumerate(words) if word == "--requirement"] == [
        f"/build/{each}" for each in files
    ]


@pytest.mark.parametrize("extra", Extra)
def test_the_build_has_the_lock_file_of_each_extra(extra: Extra) -> None:
    root = DEPLOY.parent
    name = f"requirements-{extra}.txt"
    assert (root / name).is_file()
    assert f"!{name}" in (root / ".dockerignore").read_text("utf-8").splitlines()
    assert "COPY requirements*.txt /build/\n" in FILE


def test_nothing_runs_in_the_stage_that_is_of_the_targets_architecture() -> None:
    final = FILE.rpartition("\nFROM ")[2]
    assert final.startswith("--platform=linux/${ARCH} ")
    assert "\nRUN " not in final
