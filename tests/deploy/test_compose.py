"""The compose file and the example of a settings file: valid, on loopback only, with files verified elsewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from consumer.settings import Sources, load
from tests.support.programs import DEPLOY, run, run_installed

COMPOSE = DEPLOY / "compose"
FILE: dict[str, Any] = yaml.safe_load((COMPOSE / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = FILE["services"]


def test_the_file_is_as_the_compose_specification_has_it() -> None:
    run_installed("check-jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE / "compose.yaml")


def test_the_dockerfile_has_no_fault_that_a_linter_finds() -> None:
    run_installed("hadolint", DEPLOY / "Dockerfile")


def test_prometheus_takes_its_configuration() -> None:
    run("promtool", "check", "config", "--syntax-only", COMPOSE / "prometheus.yaml")


def test_every_port_is_on_loopback_only() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


@pytest.mark.parametrize("name", SERVICES)
def test_every_file_that_is_mounted_is_there(name: str) -> None:
    sources = [volume.partition(":")[0] for volume in SERVICES[name].get("volumes", ())]
    assert all((COMPOSE / source).exists() for source in sources if source.startswith("."))


@pytest.mark.parametrize(
    ("name", "requirements"), [("worker", "requirements.txt"), ("sandbox", "requirements-demo.txt")]
)
def test_each_image_is_built_with_what_its_command_needs(name: str, requirements: str) -> None:
    build = SERVICES[name]["build"]
    (default,) = re.findall(
        r"(?m)^ARG REQUIREMENTS=(.+)$", (COMPOSE / build["context"] / build["dockerfile"]).read_text()
    )
    assert build.get("args", {}).get("REQUIREMENTS", default) == requirements
    assert f"!{requirements}" in (DEPLOY.parent / ".dockerignore").read_text("utf-8").splitlines()


def test_each_build_has_an_image_of_its_own() -> None:
    built = [(service["image"], service["build"]) for service in SERVICES.values() if "build" in service]
    assert len({image for image, _ in built}) == len(built)


def test_the_workers_settings_exist_and_it_runs_as_in_production(tmp_path: Path) -> None:
    worker = SERVICES["worker"]
    (tmp_path / "CLICKSEND_API_KEY").write_text((COMPOSE / FILE["secrets"]["CLICKSEND_API_KEY"]["file"]).read_text())
    (tmp_path / "ca.pem").touch()
    variables = {**worker["environment"], "CLICKSEND_CA_FILE": str(tmp_path / "ca.pem"), "SECRETS_DIR": str(tmp_path)}
    settings = load(Sources(variables, {}, None))
    assert settings.warnings == ()
    assert settings.clicksend.base_url.startswith("https://")
    assert settings.clicksend.api_key.reveal() == "sandbox"
    assert worker["read_only"]
    assert worker["cap_drop"] == ["ALL"]


CONFIG = Path(__file__).parents[2] / "deploy" / "worker.toml"


def test_the_example_of_a_settings_file_needs_only_the_api_key_beside_it(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("made-up\n")
    settings = load(Sources({"CLICKSEND_API_KEY_FILE": str(key)}, {}, CONFIG))
    assert settings.kafka.dead_letter_topic == "raw-events.dead-letter"
    assert settings.clicksend.api_key.reveal() == "made-up"
    assert settings.warnings == ()
