"""The lock files are in step with pyproject.toml: `make lock` renews them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
DEPENDENCIES = PROJECT["project"]["dependencies"]
DEV = PROJECT["dependency-groups"]["dev"]
EXTRAS = [each for extra in PROJECT["project"]["optional-dependencies"].values() for each in extra]
LOCK_FILES = ["requirements.txt", "requirements-registry.txt", "requirements-dev.txt", "requirements-uv.txt"]

# One package of a lock file: its version, an environment it is for, its hashes, and what asks for it.
PACKAGE = re.compile(
    r"^(?P<name>[\w.-]+)==(?P<version>[^ ;]+)(?: ; [^\\\n]+)?(?P<hashes>(?: \\\n +--hash=sha256:[0-9a-f]{64})+)\n"
    r"(?P<via>(?: +#.*\n)*)",
    re.MULTILINE,
)


def packages(lock_file: str) -> dict[str, re.Match[str]]:
    text = (ROOT / lock_file).read_text("utf-8")
    return {found["name"]: found for found in PACKAGE.finditer(text)}


@pytest.mark.parametrize("lock_file", LOCK_FILES)
def test_each_package_is_pinned_with_hashes_and_nothing_else_stands_there(lock_file: str) -> None:
    text = (ROOT / lock_file).read_text("utf-8")
    assert packages(lock_file)
    assert PACKAGE.sub("", text) == ""


@pytest.mark.parametrize("lock_file", LOCK_FILES)
def test_no_address_stands_in_a_lock_file(lock_file: str) -> None:
    assert "//" not in (ROOT / lock_file).read_text("utf-8")


@pytest.mark.parametrize(
    ("lock_file", "source", "wanted"),
    [
        pytest.param("requirements.txt", "(pyproject.toml)", DEPENDENCIES, id="worker"),
        pytest.param("requirements-registry.txt", "(pyproject.toml)", [*DEPENDENCIES, *EXTRAS], id="with-registry"),
        pytest.param("requirements-dev.txt", "(pyproject.toml)", [*DEPENDENCIES, *EXTRAS], id="worker-in-development"),
        pytest.param("requirements-dev.txt", "(pyproject.toml:dev)", DEV, id="development"),
    ],
)
def test_what_pyproject_asks_for_is_locked_and_nothing_that_it_no_longer_asks_for(
    lock_file: str, source: str, wanted: list[str]
) -> None:
    locked = packages(lock_file)
    requirements = {canonicalize_name(each.name): each for each in map(Requirement, wanted)}
    assert {name for name, package in locked.items() if source in package["via"]} == set(requirements)
    for name, requirement in requirements.items():
        assert requirement.specifier.contains(locked[name]["version"]), f"{name}: make lock"


@pytest.mark.parametrize("lock_file", ["requirements.txt", "requirements-registry.txt"])
def test_development_runs_on_what_is_shipped(lock_file: str) -> None:
    development = packages("requirements-dev.txt")
    for name, package in packages(lock_file).items():
        assert development[name]["version"] == package["version"]
