"""Hooks, CI workflow, make's help, contributing guide and changelog are valid."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml

from consumer import __version__
from tests.support.programs import run_installed

ROOT = Path(__file__).parent.parent
WORKFLOW = ROOT / ".github" / "workflows" / "ci.yaml"
HOOKS = ROOT / ".pre-commit-config.yaml"
CHANGELOG = (ROOT / "CHANGELOG.md").read_text("utf-8")
CHANGES = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}  # Keep a Changelog's


def test_every_hook_is_a_program_of_the_development_environment() -> None:
    run_installed("pre-commit", "validate-config", HOOKS)
    repositories = yaml.safe_load(HOOKS.read_text("utf-8"))["repos"]
    assert [repository["repo"] for repository in repositories] == ["local"]
    for hook in chain.from_iterable(repository["hooks"] for repository in repositories):
        assert hook["language"] == "system"
        program, *_ = shlex.split(hook["entry"])
        assert program.startswith(".venv/bin/")
        assert (Path(sys.executable).parent / Path(program).name).exists()


def test_the_workflow_is_valid_and_runs_what_ci_runs() -> None:
    run_installed("check-jsonschema", "--builtin-schema", "vendor.github-workflows", WORKFLOW)
    jobs: dict[str, Any] = yaml.safe_load(WORKFLOW.read_text("utf-8"))["jobs"]
    assert [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step][-1] == ".ci/run"


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "PULL_REQUEST_TEMPLATE.md"])
def test_every_make_target_that_is_named_exists(name: str) -> None:
    targets = set(re.findall(r"(?m)^([a-z-]+):.*## ", (ROOT / "Makefile").read_text("utf-8")))
    named = set(re.findall(r"\bmake ([a-z-]+)", (ROOT / ".github" / name).read_text("utf-8")))
    assert named
    assert named <= targets


def test_the_newest_release_in_the_changelog_is_this_version() -> None:
    unreleased, newest, *_ = re.findall(r"(?m)^## \[(.+?)\]", CHANGELOG)
    assert (unreleased, newest) == ("Unreleased", __version__)


def test_the_changelog_has_no_kind_of_change_of_its_own() -> None:
    assert set(re.findall(r"(?m)^### (.+)$", CHANGELOG)) <= CHANGES


def test_help_is_the_default_and_says_in_one_line_what_each_target_does() -> None:
    targets = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    done = subprocess.run(["make", "--no-print-directory"], cwd=ROOT, check=True, capture_output=True, text=True)
    lines = [line.split(maxsplit=1) for line in done.stdout.splitlines()]
    assert [name for name, _ in lines] == targets[0].split()
    assert all(says for _, says in lines)
