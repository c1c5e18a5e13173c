"""What has to hold before a release: `make release-check`. Its results are in `dist/`.

Needs a committed state, and no network but the package index. An image is listed where Docker has one of this version.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from consumer import __version__
from consumer.extras import Extra
from tests.release import licences, materials
from tests.release.distributions import ROOT, RefusedError, built_twice, checked_changelog, epoch

DIST = ROOT / "dist"
LOCK_FILES = {"": "requirements.txt", **{f"-{extra}": f"requirements-{extra}.txt" for extra in Extra}}
IMAGE = f"clicksend-consumer:{__version__}"
UV = os.environ.get("UV", "uv")


def main() -> int:
    """Run every check, and return 1 at the first that fails."""
    try:
        checked_changelog((ROOT / "CHANGELOG.md").read_text("utf-8"), __version__)
        say(f"version: {__version__}, as in CHANGELOG.md")
        with tempfile.TemporaryDirectory(prefix="release-") as folder:
            check_distributions(Path(folder))
            check_materials(Path(folder))
        list_image()
    except RefusedError as why:
        print(why, file=sys.stderr)  # noqa: T201 -- a tool
        return 1
    return 0


def check_distributions(folder: Path) -> None:
    built = built_twice("HEAD", folder)
    twine = Path(sys.executable).parent / "twine"
    checked = subprocess.run([twine, "check", "--strict", *built], capture_output=True, text=True, check=False)
    if checked.returncode:
        raise RefusedError(checked.stdout + checked.stderr)
    shutil.rmtree(DIST, ignore_errors=True)
    DIST.mkdir()
    for path in built:
        shutil.copy(path, DIST)
        say(f"{path.name}: the same bytes in three builds, taken by twine")


def check_materials(folder: Path) -> None:
    (wheel,) = DIST.glob("*.whl")
    packages: set[licences.Shipped] = set()
    for suffix, lock_file in LOCK_FILES.items():
        environment = folder / f"environment{suffix}"
        installed = materials.install(wheel, ROOT / lock_file, environment, UV)
        packages |= {licences.shipped(each.metadata) for each in installed if each.name != "clicksend-consumer"}  # type: ignore[arg-type]  # it is a Message
        bill = DIST / f"clicksend-consumer-{__version__}{suffix}.cdx.json"
        materials.of_installation(environment, bill, epoch("HEAD"))
        say(f"{bill.name}: {len(installed)} packages of {lock_file}")
    say(f"licences of what is shipped:\n{licences.table(packages)}".rstrip())
    if not all(each.is_allowed for each in packages):
        raise RefusedError("a licence is not on the list in tests/release/licences.py")


def list_image() -> None:
    """Write the image's bill, where there is an image."""
    program = shutil.which("docker")
    if not program or subprocess.run([program, "image", "inspect", IMAGE], capture_output=True, check=False).returncode:
        say(f"image: not listed, as no Docker engine here has {IMAGE}")
        return
    name = subprocess.run([program, "create", IMAGE], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    try:
        with subprocess.Popen([program, "export", name], stdout=subprocess.PIPE) as export:
            assert export.stdout is not None
            with tarfile.open(fileobj=export.stdout, mode="r|") as archive:
                bill = materials.of_image(_files(archive), __version__)
    finally:
        subprocess.run([program, "rm", name], check=True, capture_output=True)
    file = DIST / f"clicksend-consumer-{__version__}.image.cdx.json"
    materials.write(bill, file)
    say(f"{file.name}: {len(bill['components'])} packages of {IMAGE}")


def _files(archive: tarfile.TarFile) -> Iterator[tuple[str, IO[bytes]]]:
    for member in archive:
        content = archive.extractfile(member) if member.isfile() else None
        if content is not None:
            yield member.name, content


def say(line: str) -> None:
    print(line)  # noqa: T201 -- a tool


if __name__ == "__main__":
    sys.exit(main())
