"""The lock files match pyproject.toml: `make lock` renews them."""

from __future__ import annotations

import re
import tomllib
from itertools import combinations
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
DEPENDENCIES = PROJECT["project"]["dependencies"]
DEMO = PROJECT["project"]["optional-dependencies"]["demo"]
DEV = PROJECT["dependency-groups"]["dev"]
RELEASE = PROJECT["dependency-groups"]["release"]
REGISTRY = PROJECT["project"]["optional-dependencies"]["registry"]
AWS = PROJECT["project"]["optional-dependencies"]["aws"]
MTLS = PROJECT["project"]["optional-dependencies"]["mtls"]
OTEL = PROJECT["project"]["optional-dependencies"]["otel"]
EXTRAS = [f"requirements-{extra}.txt" for extra in ("aws", "demo", "mtls", "otel", "registry")]
SHIPPED = ["requirements.txt", *EXTRAS]
LOCK_FILES = [*SHIPPED, "requirements-dev.txt", "requirements-uv.txt"]

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
def test_each_package_is_pinned_with_hashes_and_nothing_else(lock_file: str) -> None:
    text = (ROOT / lock_file).read_text("utf-8")
    assert packages(lock_file)
    assert PACKAGE.sub("", text) == ""


@pytest.mark.parametrize("lock_file", LOCK_FILES)
def test_no_address_is_in_a_lock_file(lock_file: str) -> None:
    assert "//" not in (ROOT / lock_file).read_text("utf-8")


@pytest.mark.parametrize(
    ("lock_file", "source", "wanted"),
    [
        pytest.param("requirements.txt", "(pyproject.toml)", DEPENDENCIES, id="worker"),
        pytest.param("requirements-demo.txt", "(pyproject.toml)", [*DEPENDENCIES, *DEMO], id="demo"),
        pytest.param("requirements-registry.txt", "(pyproject.toml)", [*DEPENDENCIES, *REGISTRY], id="registry"),
        pytest.param("requirements-aws.txt", "(pyproject.toml)", [*DEPENDENCIES, *AWS], id="aws"),
        pytest.param("requirements-mtls.txt", "(pyproject.toml)", [*DEPENDENCIES, *MTLS], id="mtls"),
        pytest.param("requirements-otel.txt", "(pyproject.toml)", [*DEPENDENCIES, *OTEL], id="otel"),
        pytest.param(
            "requirements-dev.txt",
            "(pyproject.toml)",
            [*DEPENDENCIES, *AWS, *DEMO, *MTLS, *OTEL, *REGISTRY],
            id="extras-in-development",
        ),
        pytest.param("requirements-dev.txt", "(pyproject.toml:dev)", DEV, id="development"),
        pytest.param("requirements-dev.txt", "(pyproject.toml:release)", RELEASE, id="release"),
    ],
)
def test_the_lock_has_the_dependencies_of_pyproject_and_no_former_ones(
    lock_file: str, source: str, wanted: list[str]
) -> None:
    locked = packages(lock_file)
    requirements = {canonicalize_name(each.name): each for each in map(Requirement, wanted)}
    assert {name for name, package in locked.items() if source in package["via"]} == set(requirements)
    for name, requirement in requirements.items():
        assert requirement.specifier.contains(locked[name]["version"]), f"{name}: make lock"


@pytest.mark.parametrize("wanted", [*DEPENDENCIES, *AWS, *DEMO, *MTLS, *REGISTRY])
def test_what_an_installation_needs_has_a_lower_bound_and_no_upper_one(wanted: str) -> None:
    """`make test-lowest` runs the unit tests on the lower bounds."""
    assert [each.operator for each in Requirement(wanted).specifier] == [">="]


@pytest.mark.parametrize("lock_file", EXTRAS)
def test_extras_run_on_what_is_shipped(lock_file: str) -> None:
    locked = packages(lock_file)
    for name, package in packages("requirements.txt").items():
        assert locked[name]["version"] == package["version"]


@pytest.mark.parametrize(("first", "second"), [*combinations(SHIPPED, 2)])
def test_extras_are_installed_together(first: str, second: str) -> None:
    """An image has several: each package has one version, and the same hashes, in all of them."""
    here, there = packages(first), packages(second)
    for name in here.keys() & there.keys():
        assert here[name]["version"] == there[name]["version"], name
        assert here[name]["hashes"] == there[name]["hashes"], name


@pytest.mark.parametrize("lock_file", SHIPPED)
def test_development_runs_on_what_is_shipped(lock_file: str) -> None:
    development = packages("requirements-dev.txt")
    for name, package in packages(lock_file).items():
        assert development[name]["version"] == package["version"]


@pytest.mark.parametrize("name", ["aiohttp", "trustme", "cryptography"])
def test_a_worker_is_installed_without_the_stand_in(name: str) -> None:
    assert name in packages("requirements-demo.txt")
    assert name not in packages("requirements.txt")
