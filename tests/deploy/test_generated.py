"""The generated files in `deploy/` match their sources."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.generate import RUNBOOK, address, files, present_home
from tests.deploy import manifests
from tests.support.programs import DEPLOY

FILES = dict(files())
BEFORE = present_home()
HOME = "https://git.example.org/ops/signups"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_it_is_up_to_date(path: Path) -> None:
    assert path.read_text("utf-8") == FILES[path], "make manifests"


def test_no_dashboard_is_left_over() -> None:
    assert set((DEPLOY / "grafana").glob("*.json")) == {path for path in FILES if path.suffix == ".json"}


@pytest.fixture
def moved(tmp_path: Path) -> Path:
    """A copy of `deploy/` that was told of another home."""
    shutil.copytree(DEPLOY, tmp_path / "deploy")
    generate(tmp_path, "--home", HOME + "/")
    return tmp_path / "deploy"


def generate(folder: Path, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "deploy.generate", *arguments], cwd=folder, check=True)


def links(path: Path, home: str) -> int:
    """Return how many links to the runbook below this address a file has."""
    return path.read_text("utf-8").count(f"{home}/{RUNBOOK}#")


def test_another_home_reaches_every_generated_file_and_stays(moved: Path) -> None:
    generate(moved.parent)  # no home given: the present one
    copies = {path: moved / path.relative_to(DEPLOY) for path in FILES}
    assert {path: links(copy, HOME) for path, copy in copies.items()} == {path: links(path, BEFORE) for path in FILES}
    assert sum(links(copy, HOME) for copy in copies.values()) > len(FILES)
    assert not [copy for copy in copies.values() if BEFORE in copy.read_text("utf-8")]


@pytest.mark.parametrize("overlay", manifests.OVERLAYS)
def test_another_home_reaches_the_rendered_manifests(moved: Path, overlay: str) -> None:
    rendered = manifests.kustomize(moved / "kubernetes" / "overlays" / overlay)
    assert BEFORE not in rendered
    assert (HOME in rendered) == any(each["kind"] == "PrometheusRule" for each in manifests.rendered(overlay))


@pytest.mark.parametrize("home", ["git.example.org", "https://", "https://git.example.org/#readme", "https://a b"])
def test_what_is_no_address_is_refused(home: str) -> None:
    with pytest.raises(ValueError):
        address(home)
