"""Writes what is generated in `deploy/`: rules for Prometheus' operator, and dashboards. Run by `make manifests`.

    python -m deploy.generate [--home https://git.example.org/ops/clicksend-consumer]

The home is the address under which people find this repository: the links to its runbook begin with it. Given once, it
stays: rules.yaml keeps it. A test keeps the files in step with their sources.
"""

from __future__ import annotations

import re
import textwrap
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path

from deploy.grafana.dashboards import dashboards

HERE = Path(__file__).parent
RULES = HERE / "prometheus" / "rules.yaml"
RUNBOOK = "deploy/RUNBOOK.md"
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


def present_home() -> str:
    """Return what the links to the runbook begin with now, without a slash at the end."""
    (home,) = set(re.findall(rf"runbook_url: (\S+)/{RUNBOOK}#", RULES.read_text("utf-8")))
    return str(home)


def files(home: str | None = None) -> Iterator[tuple[Path, str]]:
    """Return every generated file and its text.

    home -- what the links to the runbook begin with, without a slash at the end; None: as they do now
    """
    home = home or present_home()
    rules = RULES.read_text("utf-8").replace(f"{present_home()}/{RUNBOOK}#", f"{home}/{RUNBOOK}#")
    yield RULES, rules
    yield (
        HERE / "prometheus" / "prometheus-rule.yaml",
        RULE_HEAD + textwrap.indent(rules[rules.index("groups:") :], "  "),
    )
    maps = CONFIG_MAPS
    for name, text in dashboards(f"{home}/{RUNBOOK}#"):
        yield HERE / "grafana" / name, text
        maps += f"  - name: clicksend-consumer-{name.removesuffix('.json')}\n    files: [{name}]\n"
    yield HERE / "grafana" / "kustomization.yaml", maps


def address(text: str) -> str:
    """A home as it was typed. Raises ValueError."""
    if not re.fullmatch(r"https?://[^\s#?\"']+", text):
        raise ValueError
    return text.rstrip("/")


if __name__ == "__main__":
    parser = ArgumentParser(prog="deploy.generate")
    parser.add_argument("--home", type=address, help="where people find this repository: https://...")
    # All of it is made before any of it is written: the rules are a source and are written, too.
    for path, text in list(files(parser.parse_args().home)):
        path.write_text(text, "utf-8")
