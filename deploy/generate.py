"""Writes what is generated in `deploy/`: rules for Prometheus' operator, and dashboards. Run by `make manifests`.

A test keeps the files in step with their sources.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

from deploy.grafana.dashboards import dashboards

HERE = Path(__file__).parent
RULE_HEAD = """# Made from rules.yaml by `make manifests`.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: clicksend-consumer
spec:
"""
CONFIG_MAPS = """# Made by `make manifests`. A ConfigMap for each dashboard, for Grafana's sidecar.
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
generatorOptions:
  disableNameSuffixHash: true
  labels: {grafana_dashboard: "1"}
configMapGenerator:
"""


def files() -> Iterator[tuple[Path, str]]:
    """Every generated file, and what should stand in it."""
    rules = (HERE / "prometheus" / "rules.yaml").read_text("utf-8")
    yield (
        HERE / "prometheus" / "prometheus-rule.yaml",
        RULE_HEAD + textwrap.indent(rules[rules.index("groups:") :], "  "),
    )
    maps = CONFIG_MAPS
    for name, text in dashboards():
        yield HERE / "grafana" / name, text
        maps += f"  - name: clicksend-consumer-{name.removesuffix('.json')}\n    files: [{name}]\n"
    yield HERE / "grafana" / "kustomization.yaml", maps


if __name__ == "__main__":
    for path, text in files():
        path.write_text(text, "utf-8")
