"""The image, built and run as in production: unprivileged, read-only, with Kafka in another container.
And the compose file with it.

Skipped where there is no Docker engine with the base images that `tests/deploy/image/prepare` makes.
"""

from __future__ import annotations

import functools
import json
import shlex
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml
from confluent_kafka.admin import AdminClient

from consumer import __version__
from consumer.sandbox.faults import Rule
from consumer.sandbox.server import Sandbox
from tests.deploy import compose_project
from tests.deploy.compose_project import ComposeProject
from tests.deploy.prometheus_server import Prometheus
from tests.docs.documents import DEPLOYING, examples
from tests.kafka.apache import Unavailable, free_ports
from tests.kafka.container import kafka_container
from tests.support.events import sign_up
from tests.support.http import get, series
from tests.support.programs import Promise, absent
from tests.support.stage import Stage
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]
IMAGE, DEMO_IMAGE = "local/clicksend-consumer", "local/clicksend-consumer-demo"
BASE, BUILD_BASE, KAFKA, PROMETHEUS = "local/python", "local/python-pip", "local/kafka", "local/prometheus"
HANG_SECONDS = 240.0  # a guard against hanging
LARGEST = 160_000_000  # bytes above the base

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


def docker(*arguments: str, check: bool = True) -> str:
    done = subprocess.run(["docker", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def inspect(what: str) -> dict[str, Any]:
    return dict(json.loads(docker("inspect", what))[0])


@functools.cache
def missing() -> str:
    """Why the image can't be built here; empty if it can."""
    if shutil.which("docker") is None:
        return "docker is not installed"
    if subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:
        return "no Docker engine answers"
    have = docker("images", "--format", "{{.Repository}}").split()
    lacking = [image for image in (BASE, BUILD_BASE, KAFKA, PROMETHEUS) if image not in have]
    return f"tests/deploy/image/prepare has not made {', '.join(lacking)}" if lacking else ""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The image of a worker."""
    return build(IMAGE, "requirements.txt", tmp_path_factory.mktemp("wheels"))


@pytest.fixture(scope="module")
def demo_image(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The image that can run the sandbox, too."""
    return build(DEMO_IMAGE, "requirements-demo.txt", tmp_path_factory.mktemp("wheels"))


def build(tag: str, requirements: str, wheels: Path) -> str:
    """Build from wheels that this machine's pip has fetched: a build has no way to a registry everywhere."""
    if why := missing():
        pytest.skip(why)
    pip = ["python3", "-m", "pip", "download", "--quiet", "--python-version", "3.11", "--only-binary", ":all:"]
    subprocess.run([*pip, "--dest", wheels, "--require-hashes", "-r", ROOT / requirements], check=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(wheels)))
    Thread(target=server.serve_forever, daemon=True).start()
    given = {
        "BASE": BASE,
        "BUILD_BASE": BUILD_BASE,
        "PIP_FIND_LINKS": f"http://127.0.0.1:{server.server_port}/",
        "PIP_NO_INDEX": "1",
        "REQUIREMENTS": requirements,
        "VERSION": __version__,
    }
    arguments = [f"--build-arg={name}={value}" for name, value in given.items()]
    try:
        (example,) = [each for each in examples(DEPLOYING) if each.command.startswith("docker build ")]
        *words, context = shlex.split(example.command)[1:]
        docker(*words, "--network=host", f"--tag={tag}", *arguments, context)
    finally:
        server.shutdown()
        server.server_close()
    return tag


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_args: Any) -> None:
        """The build says enough."""


class WorkerContainer:
    """A worker in a container, locked up as the manifests lock it up."""

    def __init__(self, image: str, stage: Stage, secrets: Path, *volumes: str, **changes: str) -> None:
        (self._port,) = free_ports(1)
        variables = {name: value for name, value in stage.variables().items() if name != "CLICKSEND_API_KEY"}
        variables |= {"MONITOR_PORT": str(self._port), **changes}
        environment = [f"--env={name}={value}" for name, value in variables.items()]
        jail = ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--network=host"]
        mounts = [f"--volume={each}" for each in (f"{secrets}:/run/secrets:ro", *volumes)]
        self.name = docker("run", "--detach", *jail, *environment, *mounts, image).strip()

    def stop(self) -> int:
        """SIGTERM, and the exit status."""
        docker("stop", "--time", "60", self.name)
        return int(inspect(self.name)["State"]["ExitCode"])

    def log(self) -> str:
        """Return all that it has printed."""
        return docker("logs", self.name)

    def delivered(self) -> int:
        """Return the number of delivered contacts."""
        found = series(self.ask("/metrics")[1])
        return int(found.get('clicksend_consumer_records_settled_total{disposition="delivered",reason="accepted"}', 0))

    def ask(self, path: str) -> tuple[int, str]:
        """Status and body of its monitor's answer; 0 while it is just starting."""
        try:
            return get(f"http://127.0.0.1:{self._port}{path}")
        except OSError:
            return 0, ""

    def __enter__(self) -> WorkerContainer:
        return self

    def __exit__(self, *_: object) -> None:
        docker("rm", "--force", self.name)


@pytest.fixture
def stage(image: str, tmp_path: Path) -> Iterator[Stage]:
    try:
        with kafka_container(KAFKA) as broker, Sandbox() as sandbox:
            yield Stage(broker, "consumer", sandbox, tmp_path)
    except Unavailable as why:
        absent(str(why), Promise.KAFKA)


def secrets_in(folder: Path, stage: Stage) -> Path:
    secrets = folder / "secrets"
    secrets.mkdir()
    (secrets / "CLICKSEND_API_KEY").write_text(stage.sandbox.options.api_key)
    return secrets


def wait_for(stage: Stage, contacts: int, worker: WorkerContainer) -> None:
    wait_until(lambda: stage.enrolled() >= contacts, worker.log, seconds=HANG_SECONDS)


def test_it_is_small(image: str) -> None:
    assert inspect(image)["Size"] - inspect(BASE)["Size"] < LARGEST


def test_it_runs_the_worker_unprivileged_and_reports_its_version(image: str) -> None:
    config = inspect(image)["Config"]
    assert config["User"] == "65532:65532"
    assert config["Entrypoint"] + config["Cmd"] == ["python3", "-m", "consumer", "run"]
    assert config["Labels"]["org.opencontainers.image.version"] == __version__
    assert docker("run", "--rm", image, "--version").split() == ["clicksend-consumer", __version__]


def test_it_holds_no_tool_of_the_build(image: str) -> None:
    look = "import shutil, importlib.util as u; print([shutil.which(n) for n in ('gcc', 'pip')], u.find_spec('pip'))"
    assert docker("run", "--rm", "--entrypoint", "python3", image, "-c", look).strip() == "[None, None] None"


def test_without_its_secret_it_ends_and_names_it(image: str) -> None:
    done = subprocess.run(["docker", "run", "--rm", image], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "CLICKSEND_API_KEY" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("setting", "wrong", "state"),
    [
        pytest.param("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1", "kafka_unreachable", id="kafka-unreachable"),
        pytest.param("CLICKSEND_LIST_ID", "999", "halted", id="wrong-list"),
    ],
)
def test_a_fault_that_can_be_fixed_is_waited_for_and_named(
    image: str, stage: Stage, tmp_path: Path, setting: str, wrong: str, state: str
) -> None:
    stage.produce(sign_up(1))
    with WorkerContainer(image, stage, secrets_in(tmp_path, stage), **{setting: wrong}) as worker:
        in_state = f'"state":"{state}"'
        wait_until(lambda: in_state in worker.ask("/readyz")[1], worker.log, seconds=HANG_SECONDS)
        status, answer = worker.ask("/readyz")
        assert status == 503
        assert setting in answer
        assert worker.ask("/livez")[0] == 200
        assert inspect(worker.name)["State"]["Running"]
    assert stage.enrolled() == 0


def test_it_delivers_and_after_a_stop_midway_nothing_is_delivered_again(
    image: str, stage: Stage, tmp_path: Path
) -> None:
    people = 300
    secrets = secrets_in(tmp_path, stage)
    stage.faults(Rule(delay=1.0))  # so that the stop comes in the midst of it
    stage.produce(*(sign_up(number) for number in range(people)))
    with WorkerContainer(image, stage, secrets) as first:
        wait_for(stage, 50, first)
        assert first.stop() == 0, docker("logs", first.name)
    assert 50 <= stage.enrolled() < people
    stage.faults()
    with WorkerContainer(image, stage, secrets) as second:
        wait_for(stage, people, second)
        assert second.stop() == 0, docker("logs", second.name)
    assert len(stage.payloads()) == people
    assert stage.lag() == 0


@pytest.mark.parametrize("command", ["demo", "sandbox"])
def test_without_the_extra_it_says_which_one_the_command_needs(image: str, command: str) -> None:
    done = subprocess.run(["docker", "run", "--rm", image, command], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "clicksend-consumer[demo]" in done.stderr
    assert "Traceback" not in done.stderr


def test_its_sandbox_serves_tls_to_a_worker_that_trusts_its_authority(
    image: str, demo_image: str, stage: Stage, tmp_path: Path
) -> None:
    (port,) = free_ports(1)
    (tmp_path / "ca").mkdir()
    (tmp_path / "ca").chmod(0o777)  # the container's user is nobody here
    folder = f"{tmp_path}/ca:/ca"
    run = ["run", "--detach", "--read-only", "--tmpfs=/tmp", "--network=host", f"--volume={folder}", demo_image]
    sandbox = docker(*run, "sandbox", f"--port={port}", "--tls-ca-file=/ca/ca.pem").strip()
    changes = {"CLICKSEND_BASE_URL": f"https://localhost:{port}/v3", "CLICKSEND_CA_FILE": "/ca/ca.pem"}
    try:
        wait_until((tmp_path / "ca" / "ca.pem").exists, lambda: docker("logs", sandbox), seconds=HANG_SECONDS)
        stage.produce(sign_up(1))
        with WorkerContainer(image, stage, secrets_in(tmp_path, stage), folder, **changes) as worker:
            wait_until(worker.delivered, worker.log, seconds=HANG_SECONDS)
            assert worker.stop() == 0
    finally:
        docker("rm", "--force", sandbox)


@pytest.fixture
def project(image: str, demo_image: str) -> Iterator[ComposeProject]:
    """The compose file, up."""
    if not compose_project.program():
        absent("Docker Compose is not installed: make .tools/bin/docker-compose")
    if taken := compose_project.taken_ports():
        absent(f"something listens at {taken}, which the compose file needs")
    services = yaml.safe_load(compose_project.LOCAL.read_text("utf-8"))["services"]
    assert (services["worker"]["image"], services["sandbox"]["image"]) == (image, demo_image)
    with ComposeProject() as project:
        yield project


def test_the_compose_file_comes_up_as_a_whole_and_delivers(project: ComposeProject) -> None:
    wanted = [
        'sum(clicksend_consumer_assigned_partitions{namespace="compose"}) == 6',
        'sum(clicksend_consumer_records_settled_total{disposition="delivered"}) > 20',
        "count(clicksend_consumer_build_info) == 2",  # by the name that two containers have
        "clicksend:oldest_unsettled:seconds < 60",  # by a rule
    ]
    prometheus = Prometheus("http://127.0.0.1:9090")

    def unhealthy() -> list[str]:
        found = [each for name in ("kafka", "sandbox", "worker") for each in project.containers(name)]
        return [each["Name"] for each in found if each["Health"] != "healthy"]

    def up() -> bool:
        with suppress(OSError):  # it is starting
            wanted[:] = [query for query in wanted if not prometheus.query(query)]
        return not wanted and not unhealthy()

    wait_until(up, lambda: f"{wanted}, {unhealthy()}\n{project.run('logs')}", seconds=HANG_SECONDS, pause=0.2)
    assert prometheus.firing() == set()
    assert [each["ExitCode"] for each in project.containers("topics")] == [0]
    for_this_machine = AdminClient({"bootstrap.servers": "127.0.0.1:9094"})
    assert for_this_machine.list_topics(timeout=60).brokers
    authority = project.run("exec", "-T", "sandbox", "python3", "-c", "print(open('/ca/ca.pem').read())")
    trusted = ssl.create_default_context(cadata=authority)
    assert "<html" in get("https://127.0.0.1:9465/", trusted)[1]
    project.run("stop", "worker")
    assert [each["ExitCode"] for each in project.containers("worker")] == [0, 0]
