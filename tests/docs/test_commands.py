"""Every command line of every document is run; documented output matches the command's output."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from consumer import __version__
from consumer.sandbox.server import Sandbox
from consumer.settings.field import fields_of
from consumer.settings.model import SECTIONS
from tests.deploy import compose_project, manifests
from tests.docs import documents
from tests.docs.comparing import agrees, comparable
from tests.docs.documents import COMMANDS, DOCUMENTS, ROOT, Example, blocks, examples, inline_code, name
from tests.docs.world import ExampleWorld
from tests.kafka.apache import CACHE, VERSION, ApacheKafka
from tests.support.programs import absent
from tests.support.waiting import HANG_SECONDS

ALL = [example for document in DOCUMENTS for example in examples(document)]
PREFIXES = tuple(f"{section.upper()}_" for section in SECTIONS)  # of the settings
NOWHERE = "http://127.0.0.1:1"  # refuses connections


def beginning_with(*words: str) -> list[Example]:
    """Return the examples whose command begins with these words."""
    return [each for each in ALL if tuple(each.command.split()[: len(words)]) == words]


def of_the_program() -> list[Example]:
    """Return the program's own commands but those of the sizes: first those with output, as a worker changes it."""
    found = [each for each in beginning_with("clicksend-consumer") if each.document != documents.SIZING]
    return sorted(found, key=lambda each: each.output is None)


def run(
    *words: str | Path, folder: Path = ROOT, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, and return its output, stderr included."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIXES)}
    return subprocess.run(
        words,
        cwd=folder,
        env={**kept, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )


def test_each_command_line_is_run_by_a_test() -> None:
    tested = [of_the_program(), examples(documents.SIZING), *(beginning_with(*words) for words in RUNNERS)]
    assert [str(each) for each in ALL if not any(each in some for some in tested)] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_no_block_hides_its_language(document: Path) -> None:
    """Every block has a language, which shows whether it contains commands."""
    generated = [block for block in blocks(document, "") if not block.startswith("date ")]  # the benchmarks' table
    assert generated == []


@pytest.mark.parametrize(
    "command",
    [
        *("check", "run", "settings", "explain", "lag", "offsets reset", "replay", "sizing", "demo", "sandbox"),
        *("dead-letters list", "dead-letters show", "dead-letters redrive"),
    ],
)
def test_each_command_has_an_example(command: str) -> None:
    own = beginning_with("clicksend-consumer", *command.split())
    assert own or beginning_with("make", command)


@pytest.fixture
def world(kafka_from_jars: ApacheKafka, tmp_path: Path) -> Iterator[ExampleWorld]:
    with Sandbox() as sandbox:
        yield ExampleWorld(kafka_from_jars, sandbox, tmp_path, documents.files(COMMANDS))


@pytest.mark.slow
@pytest.mark.kafka
def test_the_programs_commands_print_what_the_documents_show(world: ExampleWorld, kafka_from_jars: ApacheKafka) -> None:
    for example in of_the_program():
        printed = world.play(example.command)
        if example.output is not None:
            assert agrees(example.output, printed), f"{example}: make examples\n{comparable(printed)}"
    for example in beginning_with("kafka-configs.sh"):
        printed = kafka_configs(kafka_from_jars, example.command)
        assert "Completed updating" in printed or "Dynamic configs for topic raw-events are:" in printed, printed


def kafka_configs(kafka: ApacheKafka, command: str) -> str:
    """Run Kafka's own tool, from a jar that the broker itself does not need."""
    folder = CACHE / "tools"
    if not list(folder.glob("*.jar")):
        artifact = f"-Dartifact=org.apache.kafka:kafka-tools:{VERSION}"
        fetched = run("mvn", "-q", "-B", "dependency:copy", artifact, f"-DoutputDirectory={folder}")
        assert fetched.returncode == 0, fetched.stdout
    words = shlex.split(command.replace("kafka:9092", kafka.bootstrap))[1:]
    return run("java", "-cp", f"{folder}/*:{CACHE}/libs/*", "org.apache.kafka.tools.ConfigCommand", *words).stdout


@pytest.mark.parametrize("example", beginning_with("export"), ids=str)
def test_each_exported_variable_is_a_setting(example: Example) -> None:
    names = [word.partition("=")[0] for word in shlex.split(example.command)[1:]]
    known = {f"{section}_{key}".upper() for section, model in SECTIONS.items() for key in fields_of(model)}
    assert {each.removesuffix("_FILE") for each in names} <= known


@pytest.mark.parametrize("example", beginning_with("make"), ids=str)
def test_make_knows_the_target_and_the_program_its_options(example: Example) -> None:
    _, target, *rest = shlex.split(example.command)
    assert all(each.startswith("ARGS=") for each in rest)
    recipe = run("make", "--dry-run", "--no-print-directory", target, *rest)
    assert recipe.returncode == 0, recipe.stdout
    given = shlex.split(rest[0].removeprefix("ARGS=")) if rest else []
    options = {word.partition("=")[0] for word in given if word.startswith("-")}
    if options:
        (line,) = [each for each in recipe.stdout.splitlines() if given[0] in each]
        known = set(re.findall(r"(?<![\w-])--?[\w-]+", help_of(*program_of(line))))
        assert options <= known
    paths = [word for word in given if word.startswith("tests/")]
    assert [each for each in paths if not (ROOT / each).exists()] == []


def program_of(line: str) -> list[str]:
    """Return the program that a recipe's line runs, without its arguments."""
    program, *rest = line.split()
    return [program, *(rest[:2] if rest[0] == "-m" else rest[:1] if program.endswith("clicksend-consumer") else ())]


@cache
def help_of(*words: str) -> str:
    """Return what a program says about its options."""
    done = run(*words, "--help", environment={"COLUMNS": "200", "TERM": "dumb"})
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_each_target_of_make_that_the_prose_names_exists(document: Path) -> None:
    (targets,) = re.findall(r"(?m)^\.PHONY: (.*)$", (ROOT / "Makefile").read_text("utf-8"))
    named = {code.split()[1] for code in inline_code(document) if code.startswith("make ")}
    assert named <= set(targets.split())


@pytest.mark.parametrize("example", beginning_with(".venv/bin/pytest"), ids=str)
def test_pytest_finds_the_tests(example: Example) -> None:
    _, *words = shlex.split(example.command)
    done = run(sys.executable, "-m", "pytest", "--collect-only", "--quiet", *words)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("example", beginning_with(".venv/bin/pre-commit", "install"), ids=str)
def test_the_hooks_can_be_installed(example: Example) -> None:
    assert (Path(sys.executable).parent / Path(example.command.split()[0]).name).exists()
    done = run(sys.executable, "-m", "pre_commit", "validate-config", ".pre-commit-config.yaml")
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("example", [each for each in beginning_with("make", "demo") if each.output], ids=str)
def test_the_demo_prints_what_the_documents_show(example: Example) -> None:
    """Line by line: which of two contacts comes first is not told beforehand."""
    (arguments,) = [word.removeprefix("ARGS=") for word in shlex.split(example.command) if word.startswith("ARGS=")]
    done = run(sys.executable, "-m", "consumer", "demo", *shlex.split(arguments))
    assert done.returncode == 0
    printed = comparable(done.stdout).splitlines()
    shown = comparable(example.output or "").splitlines()
    assert [line for line in shown if line != "..." and line not in printed] == []


@pytest.mark.parametrize("example", beginning_with("pip", "install"), ids=str)
def test_the_checkout_can_be_installed(example: Example) -> None:
    """Nothing is installed or fetched; that what is installed works, `test_wheel.py` proves."""
    uv = shutil.which("uv") or str(ROOT / ".tools" / "bin" / "uv")
    target = shlex.split(example.command)[-1]
    without_network = ["--offline", "--no-deps", "--no-build-isolation"]
    done = run(uv, "pip", "install", "--dry-run", "--python", sys.executable, *without_network, target)
    assert done.returncode == 0, done.stdout
    extras = re.findall(r"\w+", target.partition("[")[2])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert set(extras) <= set(project.get("optional-dependencies", {}))


@pytest.mark.parametrize("example", beginning_with("docker", "build"), ids=str)
def test_the_image_is_built_from_what_is_there(example: Example) -> None:
    """`tests/deploy/test_image.py` builds it, where there is a Docker engine."""
    words = shlex.split(example.command)
    file = (ROOT / words[words.index("--file") + 1]).read_text("utf-8")
    given = [words[at + 1].partition("=") for at, word in enumerate(words) if word == "--build-arg"]
    assert {name for name, _, _ in given} <= set(re.findall(r"(?m)^ARG (\w+)", file))
    assert ("VERSION", "=", __version__) in given
    assert words[words.index("--tag") + 1] == f"clicksend-consumer:{__version__}"


@pytest.mark.parametrize("example", beginning_with("docker", "compose"), ids=str)
def test_docker_compose_takes_the_file(example: Example) -> None:
    """`tests/deploy/test_image.py` starts it, where there is a Docker engine."""
    program = compose_project.program()
    if not program:
        absent("Docker Compose is not installed: make .tools/bin/docker-compose")
    *files, command, option = shlex.split(example.command)[2:]
    assert (command, option) == ("up", "--build")
    done = run(*program, *files, "config", "--quiet")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("example", beginning_with("kubectl"), ids=str)
def test_kubectl_takes_the_command(example: Example, tmp_path: Path) -> None:
    """Without a cluster: what can be made on this side is made, and the rest fails at the server's door only."""
    words = shlex.split(example.command)
    if "--kustomize" in words:
        assert manifests.kustomize(ROOT / words[words.index("--kustomize") + 1])
        return
    if "--filename" in words:
        assert manifests.objects((ROOT / words[words.index("--filename") + 1]).read_text("utf-8"))
        return
    if shutil.which("kubectl") is None:
        absent("kubectl is not installed")
    (tmp_path / "key-file").write_text("made-up")
    alone = {"KUBECONFIG": "/dev/null", "HOME": str(tmp_path)}
    if "create" in words:
        done = run(*words, "--dry-run=client", "--output=name", folder=tmp_path, environment=alone)
        assert done.returncode == 0, done.stdout
    else:
        done = run(*words, f"--server={NOWHERE}", folder=tmp_path, environment=alone)
        assert "127.0.0.1:1 was refused" in done.stdout


RUNNERS: dict[tuple[str, ...], Callable[..., None]] = {
    ("kafka-configs.sh",): test_the_programs_commands_print_what_the_documents_show,
    ("export",): test_each_exported_variable_is_a_setting,
    ("make",): test_make_knows_the_target_and_the_program_its_options,
    (".venv/bin/pytest",): test_pytest_finds_the_tests,
    (".venv/bin/pre-commit", "install"): test_the_hooks_can_be_installed,
    ("pip", "install"): test_the_checkout_can_be_installed,
    ("docker", "build"): test_the_image_is_built_from_what_is_there,
    ("docker", "compose"): test_docker_compose_takes_the_file,
    ("kubectl",): test_kubectl_takes_the_command,
}
"""How a command line begins, and the test that runs it."""
