"""Validation of custom resources against their definitions, with models from npm."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.support.npm import NODE

MODULES = {
    "ScaledObject": "@kubernetes-models/keda/keda.sh/v1alpha1",
    "PodMonitor": "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1",
    "PrometheusRule": "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1",
}


def faults(objects: list[dict[str, Any]], folder: Path) -> str:
    """Return their faults: values by the definitions' rules, unknown keys by the TypeScript compiler."""
    text = json.dumps(objects)
    values = subprocess.run(["node", NODE / "validate.js"], input=text, capture_output=True, text=True, check=False)
    lines = [f'import type {{ I{kind} }} from "{module}/{kind}";' for kind, module in MODULES.items()]
    lines += [f"export const _{n}: I{each['kind']} = {json.dumps(each)};" for n, each in enumerate(objects)]
    (folder / "objects.ts").write_text("\n".join(lines))
    if not (folder / "node_modules").exists():
        (folder / "node_modules").symlink_to(NODE / "node_modules")
    options = ["--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--pretty", "false"]
    compiler = NODE / "node_modules" / "typescript" / "bin" / "tsc"
    keys = subprocess.run(
        ["node", compiler, *options, "objects.ts"], cwd=folder, capture_output=True, text=True, check=False
    )
    return values.stderr + keys.stdout
