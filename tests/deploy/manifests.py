"""The manifests of `deploy/kubernetes` as data."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

from consumer.settings import Settings, Sources, load
from tests.support.programs import DEPLOY, absent

KUBERNETES = DEPLOY / "kubernetes"
OVERLAYS = ("dev", "prod")

Manifest = dict[str, Any]


def kustomize(folder: Path) -> str:
    """A kustomization rendered, by the pinned kustomize; without Go, which builds it, the test is skipped or fails."""
    if shutil.which("go") is None:
        absent("go is not installed")
    subprocess.run(["make", "--silent", ".tools/bin/kustomize"], cwd=DEPLOY.parent, check=True)
    command: list[str | Path] = [DEPLOY.parent / ".tools" / "bin" / "kustomize", "build", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def objects(text: str) -> list[Manifest]:
    """Return the objects of a stream of YAML, read by libyaml: PyYAML's own parser takes a second for `prod.yaml`."""
    return list(yaml.load_all(text, Loader=yaml.CSafeLoader))


def rendered(overlay: str) -> list[Manifest]:
    """The objects of an overlay, as committed."""
    return objects((KUBERNETES / "rendered" / f"{overlay}.yaml").read_text("utf-8"))


def one(objects: list[Manifest], kind: str) -> Manifest:
    """The only object of a kind."""
    (found,) = [each for each in objects if each["kind"] == kind]
    return found


def pod_template(objects: list[Manifest]) -> Manifest:
    """Return the workers' pod template."""
    return dict(one(objects, "Deployment")["spec"]["template"])


def worker_settings(overlay: str, folder: Path) -> Settings:
    """Return the worker's settings from the overlay's ConfigMap and Secret."""
    (config,) = [
        each["data"]["worker.toml"]
        for each in rendered(overlay)
        if each["kind"] == "ConfigMap" and "worker.toml" in each["data"]
    ]
    (folder / "worker.toml").write_text(config)
    (folder / "CLICKSEND_API_KEY").write_text("made-up")
    return load(Sources({"SECRETS_DIR": str(folder)}, {}, folder / "worker.toml"))
