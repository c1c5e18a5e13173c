"""The autoscaler: it looks at these workers alone, and never scales into a closed gate."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy import rules
from tests.deploy.manifests import kustomize, objects, one, pod_template, rendered, worker_settings
from tests.support.programs import DEPLOY, run

# KEDA's custom resource takes any key: these are the ones that its scalers read
# (keda.sh/docs/2.22/scalers: apache-kafka, prometheus and kubernetes-workload).
TRIGGER_KEYS = {
    "kafka": {
        "bootstrapServers", "consumerGroup", "topic", "lagThreshold", "activationLagThreshold", "offsetResetPolicy",
        "allowIdleConsumers", "scaleToZeroOnInvalidOffset", "excludePersistentLag", "limitToPartitionsWithLag",
        "ensureEvenDistributionOfPartitions", "version", "partitionLimitation", "sasl", "tls", "unsafeSsl",
    },
    "prometheus": {
        "serverAddress", "query", "threshold", "activationThreshold", "namespace", "customHeaders", "ignoreNullValues",
        "queryParameters", "unsafeSsl", "authModes", "timeout",
    },
    "kubernetes-workload": {"podSelector", "value", "activationValue"},
}  # fmt: skip

GATE = "clicksend_consumer_gate_state"
OPEN = {"open": "1x20", "limited": "0x20", "breaker": "0x20", "halted": "0x20"}


def triggers() -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in one(rendered("prod"), "ScaledObject")["spec"]["triggers"]}


def gate_query() -> str:
    return str(triggers()["gate_closed"]["metadata"]["query"])


def test_the_scaler_looks_at_what_the_workers_consume(tmp_path: Path) -> None:
    kafka = worker_settings("prod", tmp_path).kafka
    lag = triggers()["lag"]["metadata"]
    assert lag["bootstrapServers"] == kafka.bootstrap_servers
    assert (lag["topic"],) == kafka.topics
    assert lag["consumerGroup"] == kafka.group_id
    assert lag["offsetResetPolicy"] == kafka.auto_offset_reset


@pytest.mark.parametrize("trigger", triggers())
def test_keda_knows_each_key_of_a_trigger(trigger: str) -> None:
    found = triggers()[trigger]
    assert set(found["metadata"]) <= TRIGGER_KEYS[found["type"]]


def test_the_scalers_formula_uses_its_triggers_and_its_target() -> None:
    spec = one(rendered("prod"), "ScaledObject")["spec"]
    modifiers = spec["advanced"]["scalingModifiers"]
    assert set(re.findall(r"[a-z_]+", modifiers["formula"])) - {"max"} == set(triggers())
    assert modifiers["target"] == triggers()["lag"]["metadata"]["lagThreshold"]
    assert modifiers["target"] in modifiers["formula"], "with a closed gate the metric is target x workers"


def test_nothing_beside_the_scaler_sets_the_number_of_workers() -> None:
    deployment = one(rendered("prod"), "Deployment")
    assert one(rendered("prod"), "ScaledObject")["spec"]["scaleTargetRef"]["name"] == deployment["metadata"]["name"]
    assert "replicas" not in deployment["spec"]


def gate(namespace: str, **states: str) -> dict[str, str]:
    """The series of one worker's gate. states -- each state's samples, one a minute, in promtool's notation."""
    return {
        f'{GATE}{{namespace="{namespace}", job="j", instance="{namespace}-1", state="{state}"}}': samples
        for state, samples in (OPEN | states).items()
    }


@pytest.mark.parametrize(
    ("series", "closed"),
    [
        pytest.param(gate("clicksend"), 0, id="open"),
        pytest.param(gate("clicksend", open="0x20", halted="1x20"), 1, id="halted"),
        pytest.param(gate("clicksend", open="0x20", breaker="1x20"), 1, id="breaker"),
        pytest.param(gate("clicksend", open="0x20", limited="1x20"), 1, id="limited"),
        pytest.param(gate("clicksend", open="0x20", limited="0x16 1x4"), 1, id="limited for three minutes"),
        pytest.param(gate("clicksend", limited="0x19 1"), 0, id="limited for a moment"),
        pytest.param(gate("clicksend") | gate("clicksend-dev", open="0x20", halted="1x20"), 0, id="another is halted"),
        pytest.param(gate("clicksend", halted="1x20") | gate("clicksend-dev"), 1, id="another is open"),
        pytest.param(gate("clicksend-dev"), None, id="no metric: the fallback keeps the number"),
    ],
)
def test_the_query_tells_a_closed_gate_of_these_workers(
    series: dict[str, str], closed: int | None, tmp_path: Path
) -> None:
    expected = [] if closed is None else [{"labels": "{}", "value": closed}]
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": samples} for name, samples in series.items()],
        "promql_expr_test": [{"expr": gate_query(), "eval_time": "20m", "exp_samples": expected}],
    }
    (tmp_path / "query.yaml").write_text(yaml.safe_dump({"rule_files": [], "tests": [test]}))  # no recording rule
    run("promtool", "test", "rules", tmp_path / "query.yaml")


def test_every_part_of_the_query_names_the_workers_namespace() -> None:
    namespace = one(rendered("prod"), "Namespace")["metadata"]["name"]
    assert re.findall(r'namespace="([^"]*)"', gate_query()) == [namespace] * gate_query().count(GATE)
    assert one(rendered("prod"), "ScaledObject")["metadata"]["namespace"] == namespace


def test_the_namespace_of_another_overlay_reaches_the_query(tmp_path: Path) -> None:
    copy = shutil.copytree(DEPLOY, tmp_path / "deploy") / "kubernetes" / "overlays" / "prod"
    for name in ("kustomization.yaml", "namespace.yaml"):
        text = (copy / name).read_text("utf-8")
        (copy / name).write_text(re.sub(r"^( *name(?:space)?): clicksend$", r"\1: elsewhere", text, flags=re.MULTILINE))
    scaler = one(objects(kustomize(copy)), "ScaledObject")
    assert scaler["metadata"]["namespace"] == "elsewhere"
    queries = [each["metadata"]["query"] for each in scaler["spec"]["triggers"] if "query" in each["metadata"]]
    assert [set(re.findall(r'namespace="([^"]*)"', query)) for query in queries] == [{"elsewhere"}]


def test_the_scaler_depends_on_no_recording_rule() -> None:
    recorded = {rule["record"] for rule in rules.rules() if "record" in rule}
    assert not [name for name in recorded if name in gate_query()]


def test_no_answer_is_no_open_gate() -> None:
    assert triggers()["gate_closed"]["metadata"]["ignoreNullValues"] == "false"
    assert one(rendered("prod"), "ScaledObject")["spec"]["fallback"]["behavior"] == "currentReplicas"


def test_a_rate_limit_is_noticed_before_lag_scales() -> None:
    behaviour = one(rendered("prod"), "ScaledObject")["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    (minutes,) = re.findall(r"\[(\d+)m\]", gate_query())
    assert behaviour["scaleUp"]["stabilizationWindowSeconds"] >= 60 * int(minutes)
    assert behaviour["scaleUp"]["selectPolicy"] == "Max"


def test_no_cooldown_is_set_where_no_scaler_goes_to_zero() -> None:
    """KEDA ignores it then, and warns at each write."""
    spec = one(rendered("prod"), "ScaledObject")["spec"]
    assert spec["minReplicaCount"] >= 1
    assert "cooldownPeriod" not in spec


def test_the_workers_are_counted_by_their_pods() -> None:
    (name, value) = triggers()["workers"]["metadata"]["podSelector"].split("=")
    assert pod_template(rendered("prod"))["metadata"]["labels"][name] == value
