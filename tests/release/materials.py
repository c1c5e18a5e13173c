"""Bills of materials in CycloneDX: of an installation, and of an image with what its base brings."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from email import message_from_string
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from tests.release.distributions import ROOT
from tests.release.licences import UNKNOWN, Shipped, shipped

DEBIAN = ("var/lib/dpkg/status", "var/lib/dpkg/status.d/")  # Debian's images, and those without dpkg
CYCLONEDX = Path(sys.executable).parent / "cyclonedx-py"


def install(wheel: Path, lock_file: Path, folder: Path, uv: str) -> list[Distribution]:
    """Install a wheel with the packages of a lock file, and nothing else. Return all that is installed."""
    python = folder / "bin" / "python"
    steps: tuple[list[str | Path], ...] = (
        [uv, "venv", "--quiet", "--python", sys.executable, "--no-python-downloads", folder],
        [uv, "pip", "sync", "--quiet", "--python", python, "--require-hashes", lock_file],
        [uv, "pip", "install", "--quiet", "--python", python, "--no-deps", wheel],
        [uv, "pip", "check", "--quiet", "--python", python],
    )
    for step in steps:
        subprocess.run(step, check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    return list(distributions(path=[str(site)]))


def of_installation(folder: Path, file: Path, epoch: str) -> None:
    """Write the bill of an installation."""
    command: list[str | Path] = [CYCLONEDX, "environment", "--output-reproducible", "--of", "JSON", "-o", file]
    subprocess.run(
        [*command, "--pyproject", ROOT / "pyproject.toml", folder / "bin" / "python"],
        env={"SOURCE_DATE_EPOCH": epoch},
        check=True,
        capture_output=True,
    )


def of_image(files: Iterable[tuple[str, IO[bytes]]], version: str) -> dict[str, Any]:
    """Return the bill of an image. files -- names in its file system, without a leading slash, and their content."""
    components = sorted(_components(files), key=lambda each: str(each["purl"]))
    name = "clicksend-consumer"
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "container", "bom-ref": name, "name": name, "version": version}},
        "components": components,
    }


def _components(files: Iterable[tuple[str, IO[bytes]]]) -> Iterator[dict[str, Any]]:
    for name, content in files:
        if name.endswith(".dist-info/METADATA"):
            package = shipped(message_from_string(content.read().decode()))
            yield _component(package, f"pkg:pypi/{quote(package.name.lower())}@{quote(package.version)}")
        elif name == DEBIAN[0] or (name.startswith(DEBIAN[1]) and not name.endswith(".md5sums")):
            for paragraph in content.read().decode().split("\n\n"):
                fields = message_from_string(paragraph.strip())
                if "Package" in fields and "not-installed" not in fields.get("Status", ""):
                    debian = Shipped(fields["Package"], fields["Version"], UNKNOWN)
                    arch = quote(fields.get("Architecture", "all"))
                    yield _component(debian, f"pkg:deb/debian/{debian.name}@{quote(debian.version)}?arch={arch}")


def _component(package: Shipped, purl: str) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "library", "bom-ref": purl, "name": package.name, "version": package.version}
    if package.licence != UNKNOWN:
        found["licenses"] = [{"expression": package.licence}]
    return {**found, "purl": purl}


def write(bill: dict[str, Any], file: Path) -> None:
    """Write a bill, the same bytes for the same content."""
    file.write_text(json.dumps(bill, indent=2, sort_keys=True) + "\n", "utf-8")
