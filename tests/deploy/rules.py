"""The rules of `deploy/prometheus` as data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from tests.support.programs import DEPLOY

RULES = DEPLOY / "prometheus" / "rules.yaml"
SECONDS = {"m": 60, "h": 3600, "d": 86400}

Rule = dict[str, Any]


def rules() -> list[Rule]:
    """All rules, recording ones and alerts."""
    return [rule for group in yaml.safe_load(RULES.read_text("utf-8"))["groups"] for rule in group["rules"]]


def alerts() -> dict[str, Rule]:
    """The alerts by name."""
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def measured(expression: str) -> str:
    """An alert's expression with its comparisons as 0 or 1, so that it has values also where nothing is wrong.

    What stands on a line with `unless` is left: it must go on taking away only what it finds.
    """
    lines = expression.splitlines()
    return "\n".join(
        line if line.strip().startswith("unless") else re.sub(r" (==|>=?|<) ", r" \1 bool ", line) for line in lines
    )


def compressed(text: str) -> str:
    """The same with a minute's time in a second."""

    def shorter(found: re.Match[str]) -> str:
        return f"{int(found[1]) * SECONDS[found[2]] // 60}s"

    return re.sub(r"(?<!\w)(\d+)([mhd])\b", shorter, text)


def metric_names(text: str) -> Iterator[str]:
    """The worker's metrics that a text names, as the registry knows them: without a histogram's suffixes.

    A name that ends with an underscore is a prefix.
    """
    for name in re.findall(r"\bclicksend_[a-z_]*[a-z]\b", text):
        yield re.sub(r"_(bucket|count|sum)$", "", name)
