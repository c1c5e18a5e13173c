"""Prometheus' rules: every alert has annotations, tests and a section of the runbook."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from consumer.clicksend.fault import Fault
from tests.deploy import rules
from tests.support.programs import DEPLOY, run

TESTS = sorted((Path(__file__).parent / "prometheus").glob("*.yaml"))
RUNBOOK = (DEPLOY / "RUNBOOK.md").read_text("utf-8")
ALERTS = rules.alerts()


def expectations() -> list[dict[str, Any]]:
    """Every expectation of the rules' tests."""
    tests = [test for path in TESTS for test in yaml.safe_load(path.read_text("utf-8"))["tests"]]
    return [each for test in tests for each in test["promql_expr_test"]]


def test_prometheus_takes_the_rules() -> None:
    run("promtool", "check", "rules", rules.RULES)


@pytest.mark.slow
@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_the_rules_pass_their_tests(path: Path) -> None:
    run("promtool", "test", "rules", path)


def test_no_rule_mixes_two_installations() -> None:
    """Each aggregation keeps the namespace; `absent_over_time` has no labels to keep."""
    aggregation = re.compile(r"\b(?:sum|max|min|avg|count|group)\b(?! by \(namespace, job\b)")
    assert [rule for rule in rules.rules() if aggregation.search(rule["expr"])] == []


@pytest.mark.parametrize("name", ALERTS)
def test_each_alert_is_seen_to_fire(name: str) -> None:
    assert any(f'alertname="{name}"' in sample["labels"] for each in expectations() for sample in each["exp_samples"])


@pytest.mark.parametrize("name", ALERTS)
def test_each_alert_is_seen_to_keep_silent(name: str) -> None:
    silences = [each["expr"] for each in expectations() if not each["exp_samples"]]
    patterns = [found for each in silences for found in re.findall(r'alertname=~?"([^"]+)"', each)]
    assert any(re.fullmatch(pattern, name) for pattern in patterns)


@pytest.mark.parametrize("name", ALERTS)
def test_each_alert_has_a_summary_and_a_link_to_its_section_of_the_runbook(name: str) -> None:
    annotations = ALERTS[name]["annotations"]
    assert annotations["summary"]
    assert annotations["description"]
    assert annotations["runbook_url"].endswith(f"/deploy/RUNBOOK.md#{name.lower()}")
    assert ALERTS[name]["labels"]["severity"] in {"page", "ticket"}
    assert f"\n### {name}\n" in RUNBOOK, "the runbook has no such section"


def test_the_runbook_has_no_section_for_an_alert_that_is_gone() -> None:
    assert set(re.findall(r"^### (Clicksend\w+)$", RUNBOOK, re.MULTILINE)) == set(ALERTS)


@pytest.mark.parametrize("name", ALERTS)
def test_each_section_of_the_runbook_is_complete(name: str) -> None:
    section = RUNBOOK.partition(f"\n### {name}\n")[2].partition("\n#")[0]
    assert re.findall(r"^- \*\*(.+):\*\*", section, re.MULTILINE) == ["It means", "Look at", "Do", "It is over when"]


def test_a_halt_names_the_fix_of_each_fault(tmp_path: Path) -> None:
    def case(fault: Fault) -> dict[str, Any]:
        alert = ALERTS["ClicksendHalted"]
        annotations = {
            "summary": f"Delivery has halted: {fault}",
            "description": f"{fault.hint} No record is lost; delivery resumes by itself.",
            "runbook_url": alert["annotations"]["runbook_url"],
        }
        labels = {"job": "j", "namespace": "n", "reason": str(fault), "severity": "page"}
        series = f'clicksend_consumer_delivery_halted{{namespace="n", job="j", instance="a", reason="{fault}"}}'
        expected = {"exp_labels": labels, "exp_annotations": annotations}
        return {
            "interval": "1m",
            "input_series": [{"series": series, "values": "1x10"}],
            "alert_rule_test": [{"eval_time": "5m", "alertname": "ClicksendHalted", "exp_alerts": [expected]}],
        }

    path = tmp_path / "halted.yaml"
    path.write_text(yaml.safe_dump({"rule_files": [str(rules.RULES)], "tests": [case(fault) for fault in Fault]}))
    run("promtool", "test", "rules", path)
