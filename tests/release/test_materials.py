"""The bill of an image: what its file system says is installed."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import IO

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.release.materials import of_image, write

STATUS = """Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36-9+deb12u10

Package: gone
Status: deinstall ok not-installed
Version: 1
"""
FILES = {
    "app/orjson-3.13.0.dist-info/METADATA": "Name: orjson\nVersion: 3.13.0\nLicense-Expression: MIT\n",
    "app/orjson-3.13.0.dist-info/RECORD": "Name: none\nVersion: 0\n",
    "var/lib/dpkg/status": STATUS,
    "var/lib/dpkg/status.d/base": "Package: base-files\nVersion: 12\n",
    "var/lib/dpkg/status.d/base.md5sums": "Package: none\nVersion: 0\n",
}


def files() -> list[tuple[str, IO[bytes]]]:
    return [(name, io.BytesIO(content.encode())) for name, content in FILES.items()]


def test_packages_of_python_and_of_the_base_are_listed() -> None:
    found = {each["purl"]: each.get("licenses") for each in of_image(files(), "1.2.0")["components"]}
    assert found == {
        "pkg:deb/debian/base-files@12?arch=all": None,
        "pkg:deb/debian/libc6@2.36-9%2Bdeb12u10?arch=amd64": None,
        "pkg:pypi/orjson@3.13.0": [{"expression": "MIT"}],
    }


def test_the_bill_is_cyclonedx_and_names_the_image(tmp_path: Path) -> None:
    write(of_image(files(), "1.2.0"), tmp_path / "bill.json")
    text = (tmp_path / "bill.json").read_text("utf-8")
    assert json.loads(text)["metadata"]["component"]["version"] == "1.2.0"
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
