"""The manifests: valid without a cluster, and consistent with the worker."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import typer
import yaml

from consumer import __version__
from consumer.app import LIVE_SHARE
from consumer.cli import app
from consumer.monitoring.tracing.options import trace_options
from consumer.worker.rebalance import revoke_budget
from tests.deploy import custom_resources, manifests
from tests.deploy.manifests import KUBERNETES, OVERLAYS, Manifest, one, pod_template, rendered, worker_settings
from tests.support import npm
from tests.support.programs import DEPLOY

COMMIT_SECONDS = 5  # for the last commit and leaving the group

# The volumes that the restricted profile of the pod security standards allows.
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}

both = pytest.mark.parametrize("overlay", OVERLAYS)


def container(overlay: str) -> Manifest:
    (found,) = pod_template(rendered(overlay))["spec"]["containers"]
    return dict(found)


def validated(path: Path) -> None:
    """Against Kubernetes' schemas; unknown keys are errors."""
    program = Path(sys.executable).parent / "kubernetes-validate"
    command: list[str | Path] = [program, "--strict", "--no-warn", "--quiet", path]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert done.returncode == 0, done.stdout + done.stderr


@both
def test_what_is_rendered_is_up_to_date(overlay: str) -> None:
    committed = (KUBERNETES / "rendered" / f"{overlay}.yaml").read_text("utf-8")
    assert manifests.kustomize(KUBERNETES / "overlays" / overlay) == committed, "make manifests"


@both
def test_kubernetes_takes_each_object(overlay: str) -> None:
    validated(KUBERNETES / "rendered" / f"{overlay}.yaml")


def test_an_unknown_key_would_be_found(tmp_path: Path) -> None:
    deployment = one(rendered("dev"), "Deployment")
    deployment["spec"]["template"]["spec"]["terminationGracePeriod"] = 60
    (tmp_path / "wrong.yaml").write_text(yaml.safe_dump(deployment))
    with pytest.raises(AssertionError, match="terminationGracePeriod"):
        validated(tmp_path / "wrong.yaml")


@pytest.mark.slow
def test_the_operators_take_their_objects(tmp_path: Path) -> None:
    npm.install()
    objects = [each for each in rendered("prod") if each["kind"] in custom_resources.MODULES]
    assert {each["kind"] for each in objects} == set(custom_resources.MODULES)
    assert custom_resources.faults(objects, tmp_path) == ""
    objects[0]["spec"]["nonsense"] = 1
    assert "nonsense" in custom_resources.faults(objects, tmp_path)


@pytest.mark.slow
def test_static_membership_makes_a_stateful_set_whose_pods_name_themselves_to_the_group(tmp_path: Path) -> None:
    up = os.path.relpath(KUBERNETES, tmp_path)
    component = f"{up}/components/static-membership"
    text = yaml.safe_dump({"resources": [f"{up}/base"], "components": [component]})
    (tmp_path / "kustomization.yaml").write_text(text)
    output = manifests.kustomize(tmp_path)
    workers = one(manifests.objects(output), "StatefulSet")
    (variable,) = workers["spec"]["template"]["spec"]["containers"][0]["env"]
    assert variable["name"] == "KAFKA_GROUP_INSTANCE_ID"
    assert variable["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name"
    (tmp_path / "rendered.yaml").write_text(output)
    validated(tmp_path / "rendered.yaml")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("components", "kind"), [(["traces"], "Deployment"), (["static-membership", "traces"], "StatefulSet")]
)
def test_traces_are_asked_for_and_the_collector_is_reached(tmp_path: Path, components: list[str], kind: str) -> None:
    up = os.path.relpath(KUBERNETES, tmp_path)
    chosen = [f"{up}/components/{each}" for each in components]
    text = yaml.safe_dump({"resources": [f"{up}/base"], "components": chosen})
    (tmp_path / "kustomization.yaml").write_text(text)
    output = manifests.kustomize(tmp_path)
    objects = manifests.objects(output)
    (source,) = one(objects, kind)["spec"]["template"]["spec"]["containers"][0]["envFrom"]
    variables = one(objects, "ConfigMap")
    assert source["configMapRef"]["name"] == variables["metadata"]["name"]
    options = trace_options(variables["data"])
    assert (options.asked_by, options.problems) == ("OTEL_EXPORTER_OTLP_ENDPOINT", ())
    port = urlsplit(options.otlp.endpoint).port
    policy = one(objects, "NetworkPolicy")
    assert port in [each["port"] for rule in policy["spec"]["egress"] for each in rule["ports"]]
    (tmp_path / "rendered.yaml").write_text(output)
    validated(tmp_path / "rendered.yaml")


@pytest.fixture
def replay(tmp_path: Path) -> list[Manifest]:
    """The objects of the overlay `dev` with the component `replay`."""
    up = os.path.relpath(KUBERNETES, tmp_path)
    shutil.copytree(KUBERNETES / "overlays" / "dev", tmp_path, dirs_exist_ok=True)
    overlay = yaml.safe_load((tmp_path / "kustomization.yaml").read_text())
    overlay |= {"resources": [f"{up}/base", "namespace.yaml"], "components": [f"{up}/components/replay"]}
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    (tmp_path / "rendered.yaml").write_text(output := manifests.kustomize(tmp_path))
    validated(tmp_path / "rendered.yaml")
    return manifests.objects(output)


@pytest.mark.slow
def test_a_replay_is_a_job_with_the_workers_settings_secrets_and_restrictions(replay: list[Manifest]) -> None:
    job, worker = one(replay, "Job")["spec"]["template"]["spec"], pod_template(replay)["spec"]
    assert job["volumes"] == worker["volumes"], "the same ConfigMap, by the name that bears its hash"
    assert job["securityContext"] == worker["securityContext"]
    (mine,), (its,) = job["containers"], worker["containers"]
    assert all(mine[key] == its[key] for key in ("image", "securityContext", "volumeMounts", "resources"))
    assert mine["args"][1] == "--config=" + its["args"][-1]


@pytest.mark.slow
def test_a_replays_command_line_is_one_that_replay_takes(replay: list[Manifest]) -> None:
    (container,) = one(replay, "Job")["spec"]["template"]["spec"]["containers"]
    name, *arguments = container["args"]
    command = typer.main.get_command(app)
    assert isinstance(command, typer.core.TyperGroup)
    taken = command.commands[name].make_context(name, arguments).params
    assert (taken["name"], taken["rate"]) == ("replay", 10.0)


@pytest.mark.slow
def test_a_replays_pods_are_not_the_workers(replay: list[Manifest]) -> None:
    """Else the disruption budget, which can't count a Job's pods, would let nobody go."""
    labels = one(replay, "Job")["spec"]["template"]["metadata"]["labels"]
    chosen = one(replay, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"]
    assert not chosen.items() <= labels.items()
    policies = [each["spec"]["podSelector"]["matchLabels"] for each in replay if each["kind"] == "NetworkPolicy"]
    assert labels in policies


@both
def test_each_setting_exists_and_has_effect(overlay: str, tmp_path: Path) -> None:
    settings = worker_settings(overlay, tmp_path)
    assert settings.warnings == ()
    assert settings.monitor.host == "0.0.0.0"  # noqa: S104 -- the pod's own network


@both
def test_the_worker_finds_its_files_where_they_are_mounted(overlay: str) -> None:
    mounts = {each["name"]: each["mountPath"] for each in container(overlay)["volumeMounts"]}
    assert container(overlay)["args"] == ["run", "--config", f"{mounts['settings']}/worker.toml"]
    assert mounts["secrets"] == "/run/secrets"
    (secret,) = [each["secret"] for each in pod_template(rendered(overlay))["spec"]["volumes"] if "secret" in each]
    assert not secret.get("optional"), (
        "without its Secret the pod waits to be started, and does not crash again and again"
    )
    assert not any("subPath" in each for each in container(overlay)["volumeMounts"]), "it would never be renewed"


@both
def test_there_is_time_to_end_in_order(overlay: str, tmp_path: Path) -> None:
    settings = worker_settings(overlay, tmp_path)
    needed = settings.worker.drain_timeout + settings.clicksend.total_timeout + COMMIT_SECONDS
    assert pod_template(rendered(overlay))["spec"]["terminationGracePeriodSeconds"] >= needed


@both
def test_a_worker_that_stalls_is_restarted_before_kafka_gives_its_partitions_away(overlay: str, tmp_path: Path) -> None:
    settings = worker_settings(overlay, tmp_path)
    longest, silence = revoke_budget(settings), settings.kafka.max_poll_interval_ms / 1000
    probe = container(overlay)["livenessProbe"]
    found_after = silence * LIVE_SHARE + probe["periodSeconds"] * probe["failureThreshold"] + probe["timeoutSeconds"]
    assert longest < silence * LIVE_SHARE < found_after < silence


@both
def test_the_probes_and_prometheus_ask_the_monitor(overlay: str, tmp_path: Path) -> None:
    port = worker_settings(overlay, tmp_path).monitor.port
    (named,) = container(overlay)["ports"]
    assert named == {"name": "monitor", "containerPort": port}
    paths = {name: container(overlay)[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")}
    assert {get["port"] for get in paths.values()} == {"monitor"}
    assert [get["path"] for get in paths.values()] == ["/livez", "/livez", "/readyz"]
    policy = one(rendered(overlay), "NetworkPolicy")["spec"]
    assert policy["ingress"][0]["ports"] == [{"port": port, "protocol": "TCP"}]


@both
def test_the_workers_reach_their_kafka(overlay: str, tmp_path: Path) -> None:
    servers = worker_settings(overlay, tmp_path).kafka.bootstrap_servers.split(",")
    egress = one(rendered(overlay), "NetworkPolicy")["spec"]["egress"]
    open_ports = {port["port"] for rule in egress if "to" not in rule for port in rule["ports"]}
    assert {int(server.rpartition(":")[2]) for server in servers} <= open_ports


@both
def test_the_restricted_profile_is_kept(overlay: str) -> None:
    pod, worker = pod_template(rendered(overlay))["spec"], container(overlay)
    own = pod["securityContext"]
    assert own["runAsNonRoot"]
    assert own["seccompProfile"] == {"type": "RuntimeDefault"}
    assert f"USER {own['runAsUser']}:{own['runAsGroup']}" in (DEPLOY / "Dockerfile").read_text("utf-8")
    assert worker["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
    assert {kind for volume in pod["volumes"] for kind in volume if kind != "name"} <= VOLUMES
    assert pod["automountServiceAccountToken"] is False
    labels = one(rendered(overlay), "Namespace")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


@both
def test_whatever_selects_pods_selects_the_workers(overlay: str) -> None:
    objects = rendered(overlay)
    labels = pod_template(objects)["metadata"]["labels"]
    specs = {kind: one(objects, kind)["spec"] for kind in ("Deployment", "PodDisruptionBudget", "NetworkPolicy")}
    selectors = [spec.get("selector") or spec["podSelector"] for spec in specs.values()]
    selectors += [each["labelSelector"] for each in pod_template(objects)["spec"]["topologySpreadConstraints"]]
    selectors += [each["spec"]["selector"] for each in objects if each["kind"] == "PodMonitor"]
    assert all(selector["matchLabels"].items() <= labels.items() for selector in selectors)


@both
def test_a_roll_out_brings_no_surplus_worker(overlay: str) -> None:
    strategy = one(rendered(overlay), "Deployment")["spec"]["strategy"]
    assert strategy["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}
    assert strategy["type"] == "RollingUpdate", "the server fills it in: without it each apply reports a change"


PRIVATE = (
    *("10.1.2.3", "100.64.0.1", "100.127.255.254", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
    *("fd00::1", "fe80::1"),
)


@both
@pytest.mark.parametrize(("address", "allowed"), [
    *((address, True) for address in ("203.0.113.7", "100.63.255.254", "100.128.0.1", "2001:db8::7")),
    *((address, False) for address in PRIVATE),
])  # fmt: skip
def test_https_reaches_the_internet_and_no_private_network(overlay: str, address: str, allowed: bool) -> None:
    (rule,) = [
        rule
        for rule in one(rendered(overlay), "NetworkPolicy")["spec"]["egress"]
        if rule["ports"] == [{"port": 443, "protocol": "TCP"}]
    ]
    found = ip_address(address)
    blocks = [each["ipBlock"] for each in rule["to"]]
    inside = [block for block in blocks if found in ip_network(block["cidr"])]
    assert allowed == any(not any(found in ip_network(each) for each in block["except"]) for block in inside)


def test_production_runs_the_version_of_this_checkout() -> None:
    assert container("prod")["image"] == f"clicksend-consumer:{__version__}"
