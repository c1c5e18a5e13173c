"""A plain installation runs the worker and every command but those that need an extra."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from consumer.extras import PACKAGES, Extra, require
from tests.support.required_settings import REQUIRED
from tests.test_lock_files import packages

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

# As if the modules named before `--` were not installed.
WITHOUT = """
import sys

end = sys.argv.index("--")
sys.modules.update(dict.fromkeys(set(sys.argv[1:end]) - set(sys.modules)))
sys.argv[1:] = sys.argv[end + 1:]
"""
RUN = "from consumer.cli import main\nmain()\n"
DISTRIBUTIONS = {
    "aws_msk_iam_sasl_signer": "aws-msk-iam-sasl-signer-python",
    "google.protobuf": "protobuf",
    "opentelemetry.proto": "opentelemetry-proto",
}
DECODERS = ("avro", "protobuf", "decoder", "cache", "registry")  # of the package `registry`: they need its extra
TRACES = ("spans", "exporter")  # of `monitoring.tracing`: they need the extra otel
IMPORT_ALL = f"""
import pkgutil
from importlib import import_module
import consumer

EXTRA = [*(["registry", each] for each in {DECODERS}), *(["monitoring", "tracing", each] for each in {TRACES})]
for found in pkgutil.walk_packages(consumer.__path__, "consumer."):
    parts = found.name.split(".")[1:]
    if parts[0] not in ("__main__", "demo", "sandbox") and parts not in EXTRA:
        print(import_module(found.name).__name__)
"""

Program = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def python(tmp_path: Path) -> Program:
    def run(code: str, absent: set[str], *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", WITHOUT + code, *sorted(absent), "--", *arguments],
            env={"SECRETS_DIR": str(tmp_path)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.mark.parametrize(
    ("absent", "named"),
    [
        pytest.param({"aiohttp", "trustme"}, "aiohttp and trustme", id="all-of-it"),
        pytest.param({"aiohttp"}, "aiohttp", id="one"),
        pytest.param({"trustme"}, "trustme", id="the-other"),
    ],
)
@pytest.mark.parametrize("command", ["demo", "sandbox"])
def test_without_the_extra_a_command_that_needs_it_names_it(
    python: Program, command: str, absent: set[str], named: str
) -> None:
    done = python(RUN, absent, command)
    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr == (
        f"{command}: needs {named}, which this installation lacks. "
        "Install the extra: pip install 'clicksend-consumer[demo]'\n"
    )


def test_without_the_extra_help_lists_every_command(python: Program) -> None:
    plain, whole = (python(RUN, absent, "--help") for absent in ({"aiohttp", "trustme"}, set()))
    assert (plain.returncode, plain.stdout) == (0, whole.stdout)
    assert all(f"  {command} " in plain.stdout for command in ("demo", "sandbox"))


@pytest.mark.parametrize("command", ["demo", "sandbox"])
def test_without_the_extra_a_command_tells_its_options(python: Program, command: str) -> None:
    done = python(RUN, {"aiohttp", "trustme"}, command, "--help")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("part", ["demo", "sandbox"])
def test_with_the_extra_nothing_is_missing(part: str) -> None:
    require(Extra.DEMO, part)


@pytest.mark.parametrize("extra", Extra)
def test_an_extras_packages_are_locked_with_it_and_not_with_a_plain_installation(extra: Extra) -> None:
    wanted = {DISTRIBUTIONS.get(package, package) for package in PACKAGES[extra]}
    assert wanted <= set(packages(f"requirements-{extra}.txt"))
    assert wanted.isdisjoint(packages("requirements.txt"))
    assert PROJECT["name"] == "clicksend-consumer"  # as the hint calls it


def test_the_extras_are_those_of_the_project() -> None:
    declared = PROJECT["optional-dependencies"]
    assert set(declared) == set(Extra)
    assert set(PACKAGES[Extra.DEMO]) == {Requirement(each).name for each in declared[Extra.DEMO]}
    for extra in (Extra.AWS, Extra.MTLS):
        names = {Requirement(each).name for each in declared[extra]} - {"confluent-kafka"}  # which every worker has
        assert names == {DISTRIBUTIONS.get(package, package) for package in PACKAGES[extra]}
    registry = {each.name: each.extras for each in map(Requirement, declared[Extra.REGISTRY])}
    wanted = {package.removeprefix("google.") for package in PACKAGES[Extra.REGISTRY]}
    assert set(registry) == {"confluent-kafka", *wanted}
    assert {"avro", "protobuf"} <= registry["confluent-kafka"]  # the files that its serializers' schemas import
    assert [each.replace(".", "-") for each in PACKAGES[Extra.OTEL]] == [
        Requirement(each).name for each in declared[Extra.OTEL]
    ]


def test_without_the_extra_a_format_that_needs_it_names_it(python: Program) -> None:
    code = "from consumer.extras import Extra, require\nrequire(Extra.REGISTRY, 'KAFKA_VALUE_FORMAT=registry')\n"
    for absent, named in [
        ({"fastavro", "google"}, "fastavro and google.protobuf"),
        ({"google.protobuf"}, "google.pro"),
    ]:
        done = python(code, absent)
        assert done.returncode == 1
        assert f"KAFKA_VALUE_FORMAT=registry: needs {named}" in done.stderr
        assert "pip install 'clicksend-consumer[registry]'" in done.stderr


@pytest.mark.parametrize("command", ["run", "lag"])
def test_without_the_extra_an_aws_identity_names_it(python: Program, command: str) -> None:
    given = {
        **REQUIRED,
        "KAFKA_SECURITY_PROTOCOL": "sasl_ssl",
        "KAFKA_SASL_IDENTITY": "aws_msk",
        "KAFKA_AWS_REGION": "eu-west-1",
    }
    options = [option for name, value in given.items() for option in ("--set", f"{name}={value}")]
    done = python(RUN, {"aws_msk_iam_sasl_signer"}, command, *options)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.splitlines()[-1] == (
        "KAFKA_SASL_IDENTITY=aws_msk: needs aws_msk_iam_sasl_signer, which this installation lacks. "
        "Install the extra: pip install 'clicksend-consumer[aws]'"
    )


def test_every_module_but_those_of_extras_is_imported_by_a_plain_installation(python: Program) -> None:
    plain = {"clicksend-consumer", *packages("requirements.txt")}
    absent = {
        module
        for module, distributions in packages_distributions().items()
        if plain.isdisjoint(map(canonicalize_name, distributions))
    }
    assert {"aiohttp", "trustme", "fastavro", "google", "opentelemetry", "pytest", "boto3", "cryptography"} <= absent
    done = python(IMPORT_ALL, absent)
    assert (done.returncode, done.stderr) == (0, "")
    imported = set(done.stdout.split())
    production = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in (ROOT / "consumer").rglob("*.py")
        if path.relative_to(ROOT / "consumer").parts[0] not in ("__init__.py", "__main__.py", "demo", "sandbox")
    }
    production -= {f"consumer.registry.{each}" for each in DECODERS}
    production -= {f"consumer.monitoring.tracing.{each}" for each in TRACES}
    assert imported == production


@pytest.mark.parametrize("module", ["consumer.demo.demo", "consumer.sandbox.server"])
def test_the_stand_in_is_not_imported_by_a_plain_installation(python: Program, module: str) -> None:
    done = python(f"import {module}", {"aiohttp"})
    assert done.returncode == 1
    assert "ModuleNotFoundError: import of aiohttp halted" in done.stderr


@pytest.mark.parametrize("module", DECODERS)
def test_the_decoders_are_not_imported_by_a_plain_installation(python: Program, module: str) -> None:
    done = python(f"import consumer.registry.{module}", {"fastavro", "google"})
    assert done.returncode == 1
    assert "ModuleNotFoundError" in done.stderr


@pytest.mark.parametrize("module", TRACES)
def test_what_makes_traces_is_not_imported_by_a_plain_installation(python: Program, module: str) -> None:
    done = python(f"import consumer.monitoring.tracing.{module}", {"opentelemetry"})
    assert done.returncode == 1
    assert "ModuleNotFoundError" in done.stderr


def test_without_the_extra_traces_are_one_warning(python: Program) -> None:
    code = """
from consumer.monitoring.tracing.options import trace_options
options = trace_options({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", "OTEL_TRACES_SAMPLER": "wrong"})
assert not options.asked_by
print(*options.problems, sep="\\n")
"""
    for absent in ({"opentelemetry"}, {"opentelemetry.proto"}):
        assert python(code, absent).stdout == (
            "OTEL_EXPORTER_OTLP_ENDPOINT: needs opentelemetry.proto, which this installation lacks. "
            "Install the extra: pip install 'clicksend-consumer[otel]'\n"
        )


def test_a_worker_that_does_not_trace_loads_nothing_of_opentelemetry(python: Program) -> None:
    done = python("import sys, consumer.app\nprint([each for each in sys.modules if 'opentelemetry' in each])", set())
    assert done.stdout == "[]\n"
