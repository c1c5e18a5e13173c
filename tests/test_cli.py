from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from consumer import __version__
from consumer.cli import _app_for, app
from consumer.commands.ending import exit_status
from consumer.errors import ConfigurationError, FatalStreamError, Problem, RefusedError, UsageError
from consumer.exit_status import ExitStatus
from consumer.settings.schema import json_schema
from tests.support.command import environment, run, run_into, run_into_closed_pipe, start
from tests.support.required_settings import REQUIRED

Program = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """`clicksend-consumer` with these arguments and variables, in a folder of its own."""
    return lambda *arguments, **variables: run(*arguments, variables=variables, folder=tmp_path)


def test_help_names_the_commands(program: Program) -> None:
    done = program("--help")
    assert done.returncode == 0
    assert done.stderr == ""
    assert all(f"  {command} " in done.stdout for command in ("run", "check", "explain", "lag", "offsets", "settings"))


def test_help_waits_for_no_heavy_library() -> None:
    heavy = {"pydantic", "structlog", "confluent_kafka", "requests", "aiohttp", "trustme", "phonenumbers", "rich"}
    code = "import sys, consumer.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert heavy.isdisjoint(done.stdout.split())


@pytest.mark.parametrize("command", [each.callback.__name__ for each in app.registered_commands if each.callback])
def test_a_command_is_found_without_the_others(program: Program, command: str) -> None:
    assert [each.callback and each.callback.__name__ for each in _app_for([command]).registered_commands] == [command]
    assert f" consumer {command} [OPTIONS]" in program(command, "--help").stdout


def test_the_version_is_reported(program: Program) -> None:
    done = program("--version")
    assert (done.returncode, done.stdout) == (0, f"clicksend-consumer {__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param([], "Usage:", id="nothing"),
        pytest.param(["fly"], "No such command 'fly'.", id="no-such-command"),
        pytest.param(["settings", "--fast"], "No such option: --fast", id="no-such-option"),
        pytest.param(
            ["settings", "--set", "LOG_LEVEL"], "Write --set SECTION_KEY=VALUE.", id="a-setting-without-value"
        ),
        pytest.param(["settings", "--schema", "--init"], "Use one of --schema and --init.", id="two-files-at-once"),
        pytest.param(["settings", "--format", "xml"], "'xml' is not one of 'table', 'json'.", id="no-such-format"),
        pytest.param(["sandbox", "--duplicates", "keep"], "Not one of upsert, second_row", id="no-such-behaviour"),
    ],
)
def test_wrong_usage_is_reported_on_stderr_with_status_2(program: Program, arguments: list[str], words: str) -> None:
    done = program(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["run", "settings"])
def test_wrong_settings_are_reported_all_at_once_with_status_3(program: Program, command: str) -> None:
    hidden = {"CLICKSEND_API_KEY": "hidden-key", "CLICKSEND_LIST_ID": "hidden-list"}
    environ = {**REQUIRED, **hidden, "KAFKA_TOPIC": "", "RETRY_MAX_DELAY": "0.1"}
    done = program(command, **environ)
    assert done.returncode == 3
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == [
        "KAFKA_TOPIC",
        "CLICKSEND_LIST_ID",
        "RETRY_MAX_DELAY",
    ]
    assert "hidden" not in done.stdout + done.stderr


def test_settings_are_a_table_with_their_sources(program: Program, tmp_path: Path) -> None:
    config = tmp_path / "worker.toml"
    config.write_text('[log]\nlevel = "error"\n')
    done = program("settings", "--config", str(config), "--set", "RETRY_MAX_AGE=60", **REQUIRED)
    assert done.returncode == 0
    assert done.stderr == ""
    lines = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines()}
    assert lines["SETTING"] == ["VALUE", "SOURCE"]
    assert lines["CLICKSEND_API_KEY"] == ["********", "environment"]
    assert lines["LOG_LEVEL"] == ["error", str(config)]
    assert lines["RETRY_MAX_AGE"] == ["60", "command", "line"]
    assert lines["MONITOR_TOKEN"] == ["-", "default"]


def test_settings_are_one_json_object_a_line_for_programs(program: Program) -> None:
    done = program("settings", "--format", "json", **REQUIRED)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert {"setting": "KAFKA_TOPIC", "value": "raw-events", "source": "environment"} in rows
    assert {"setting": "MONITOR_TOKEN", "value": None, "source": "default"} in rows


def test_settings_without_effect_are_warned_of(program: Program) -> None:
    done = program("settings", **REQUIRED, KAFKA_GROUP_PROTOCOL="consumer", KAFKA_SESSION_TIMEOUT_MS="6000")
    assert done.returncode == 0
    assert done.stderr.startswith("KAFKA_SESSION_TIMEOUT_MS: is ignored")


def test_the_schema_of_the_file_needs_no_settings(program: Program) -> None:
    done = program("settings", "--schema")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == json_schema()


def test_the_file_to_start_with_is_accepted_when_it_is_filled_in(program: Program, tmp_path: Path) -> None:
    done = program("settings", "--init")
    assert (done.returncode, done.stderr) == (0, "")
    config = tmp_path / "worker.toml"
    config.write_text(done.stdout.replace('list_id = ""', "list_id = 428").replace(' = ""\n', ' = "given"\n'))
    assert program("settings", "--config", str(config)).returncode == 3, "the API key is not in it"
    (tmp_path / "CLICKSEND_API_KEY").write_text("the-api-key")
    done = program("settings", "--config", str(config))
    assert (done.returncode, done.stderr) == (0, "")
    assert f"KAFKA_TOPIC  given  {config}" in re.sub(" {2,}", "  ", done.stdout)


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        pytest.param("clicksend-consumer dead-", ["dead-letters"], id="a command"),
        pytest.param("clicksend-consumer settings --sc", ["--schema"], id="an option"),
        pytest.param("clicksend-consumer lag --format ", ["table", "json"], id="a value"),
    ],
)
def test_a_shell_completes(tmp_path: Path, words: str, completed: list[str]) -> None:
    last = len(words.split(" ")) - 1
    asked = {"_CLICKSEND_CONSUMER_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(last)}
    program = str(Path(sys.executable).with_name("clicksend-consumer"))
    done = subprocess.run([program], env=environment(asked), cwd=tmp_path, capture_output=True, text=True, check=True)
    assert (done.stdout.split(), done.stderr) == (completed, "")


def test_a_shells_completion_can_be_shown(tmp_path: Path) -> None:
    program = str(Path(sys.executable).with_name("clicksend-consumer"))
    command = [program, "--show-completion", "bash"]
    done = subprocess.run(command, env=environment({}), cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "_CLICKSEND_CONSUMER_COMPLETE=complete_bash" in done.stdout


def test_a_worker_without_public_authorities_does_not_start(program: Program, tmp_path: Path) -> None:
    """They are loaded beside the rest of the start: a slim image may have a certifi without its file."""
    (tmp_path / "certifi").mkdir()
    (tmp_path / "certifi" / "__init__.py").write_text("def where():\n    return '/nowhere/cacert.pem'\n")
    done = program("run", **REQUIRED, PYTHONPATH=str(tmp_path), MONITOR_PORT="0")
    assert done.returncode == ExitStatus.WRONG_SETTINGS
    told = "CLICKSEND_CA_FILE: is not set, and the public authorities can't be read: /nowhere/cacert.pem."
    assert done.stderr.splitlines()[-1].startswith(told)
    assert "Traceback" not in done.stderr


def test_a_worker_that_never_reaches_kafka_tells_what_to_check(program: Program) -> None:
    done = program("run", **REQUIRED, MONITOR_PORT="0", WORKER_START_TIMEOUT="0.1")
    assert done.returncode == ExitStatus.FATAL
    told = f"Kafka could not be used within 0.1 s: no answer from {REQUIRED['KAFKA_BOOTSTRAP_SERVERS']}; check KAFKA_"
    assert told in done.stderr


@pytest.mark.parametrize(
    ("command", "stop", "status"),
    [
        ("run", signal.SIGTERM, 128 + signal.SIGTERM),
        ("run", signal.SIGINT, 128 + signal.SIGINT),
        ("check", signal.SIGTERM, -signal.SIGTERM),
    ],
)
def test_a_worker_ends_by_a_signal_while_it_is_loaded(command: str, stop: signal.Signals, status: int) -> None:
    """As process 1, it would not get a signal that it does not handle. Other commands may block outside of Python."""
    code = (
        "import os, runpy, sys, time, consumer.commands.ending as ending; "
        f"ending.run_and_exit = lambda command: (os.kill(os.getpid(), {int(stop)}), time.sleep(30)); "
        f"sys.argv[1:] = [{command!r}]; runpy.run_module('consumer', run_name='__main__', alter_sys=False)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=20).returncode == status


def test_a_home_that_takes_no_completion_is_told(tmp_path: Path) -> None:
    program, file = str(Path(sys.executable).with_name("clicksend-consumer")), tmp_path / "file"
    file.touch()
    command = [program, "--install-completion", "bash"]
    variables = environment({"HOME": str(file / "home")})
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    told = "The completion could not be installed: Not a directory. `--show-completion` prints it.\n"
    assert (done.returncode, done.stderr) == (1, told)


def test_a_reader_that_closes_the_pipe_is_no_error(tmp_path: Path) -> None:
    done = run_into_closed_pipe("settings", variables=REQUIRED, folder=tmp_path)
    assert (done.returncode, done.stderr) == (1, b"")


def test_a_full_disk_is_not_an_internal_error(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = run_into(full, "settings", variables=REQUIRED, folder=tmp_path)
    assert (done.returncode, done.stderr) == (1, b"The output could not be written: No space left on device.\n")


@pytest.mark.parametrize("redirections", ["2>/dev/full", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_an_unwritable_stderr_changes_no_exit_status(tmp_path: Path, redirections: str) -> None:
    command = f"{shlex.quote(sys.executable)} -m consumer no-such-command {redirections}"
    assert subprocess.run(["sh", "-c", command], env={"SECRETS_DIR": str(tmp_path)}, check=False).returncode == 2


def test_the_sandbox_prints_its_address_and_stops_on_a_signal(tmp_path: Path) -> None:
    options = ("--port", "0", "--list-id", "7", "--rate-limit", "50/s")
    with start("sandbox", *options, variables={}, folder=tmp_path) as sandbox:
        assert sandbox.stdout is not None
        address = sandbox.stdout.readline()
        sandbox.send_signal(signal.SIGINT)
        _, talk = sandbox.communicate()
    assert address.startswith("http://127.0.0.1:")
    assert sandbox.returncode == 0
    assert "CLICKSEND_LIST_ID       7" in talk


def failing(error: Exception) -> Callable[[], int]:
    def command() -> int:
        raise error

    return command


@pytest.mark.parametrize(
    ("command", "status", "words"),
    [
        pytest.param(lambda: 0, 0, "", id="done"),
        pytest.param(lambda: None, 0, "", id="done-without-a-word"),
        pytest.param(lambda: 4, 4, "", id="partly-done"),
        pytest.param(failing(UsageError("No.")), 2, "No.\nSee `clicksend-consumer --help`.\n", id="wrong-usage"),
        pytest.param(
            failing(
                ConfigurationError(Problem("topic a", "is missing", "Create it"), Problem("B", "is wrong", "Mend it"))
            ),
            3,
            "topic a: is missing. Create it\nB: is wrong. Mend it\n",
            id="wrong-settings",
        ),
        pytest.param(failing(RefusedError("The group is active.")), 1, "The group is active.\n", id="refused"),
        pytest.param(lambda: 130, 1, "Interrupted.\n", id="interrupted"),
        pytest.param(failing(FatalStreamError("Kafka fenced us")), 70, "Kafka fenced us\n", id="fatal"),
        pytest.param(failing(ValueError("jane.doe@example.com")), 70, "ValueError at test_cli.py:", id="unexpected"),
    ],
)
def test_what_a_command_raises_becomes_its_exit_status(
    capsys: pytest.CaptureFixture[str], command: Callable[[], int | None], status: int, words: str
) -> None:
    assert exit_status(command) == status
    stderr = capsys.readouterr().err
    assert words in stderr
    assert "jane.doe" not in stderr
