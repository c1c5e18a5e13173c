from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from consumer.errors import ConfigurationError, Problem
from consumer.settings import Settings, Sources, effective_settings, load, reload_credentials

Make = Callable[..., Sources]
Find = Callable[..., list[Problem]]


def source_of(sources: Sources, name: str) -> str:
    return next(row.source for row in effective_settings(sources).rows if row.name == name)


def config_file(folder: Path, text: str) -> Path:
    path = folder / "worker.toml"
    path.write_text(text, "utf-8")
    return path


def wrong(sources: Sources, *sections: str) -> list[Problem]:
    with pytest.raises(ConfigurationError) as raised:
        load(sources, sections) if sections else load(sources)
    return list(raised.value.problems)


def test_each_source_is_stronger_than_those_below_it(sources: Make, tmp_path: Path) -> None:
    secret = tmp_path / "secrets" / "KAFKA_GROUP_ID"
    config = config_file(tmp_path, '[kafka]\ngroup_id = "of the file"')
    environ = {"KAFKA_GROUP_ID": "of the environment"}
    overrides = {"KAFKA_GROUP_ID": "of the command line"}

    found = [load(sources()), load(sources(config=config))]
    origins = [source_of(sources(), "KAFKA_GROUP_ID"), source_of(sources(config=config), "KAFKA_GROUP_ID")]
    secret.write_text("of the secret\n")
    for given in (
        sources(config=config),
        sources(environ, config=config),
        sources(environ, config=config, overrides=overrides),
    ):
        found.append(load(given))
        origins.append(source_of(given, "KAFKA_GROUP_ID"))

    assert [settings.kafka.group_id for settings in found] == [
        "clicksend-consumer",
        "of the file",
        "of the secret",
        "of the environment",
        "of the command line",
    ]
    assert origins == ["default", str(config), f"file {secret}", "environment", "command line"]


def test_a_file_named_for_one_value_is_stronger_than_the_secrets_directory(sources: Make, tmp_path: Path) -> None:
    (tmp_path / "secrets" / "CLICKSEND_API_KEY").write_text("of the directory")
    (tmp_path / "key").write_text("of its own file")
    settings = load(sources({"CLICKSEND_API_KEY": None, "CLICKSEND_API_KEY_FILE": str(tmp_path / "key")}))
    assert settings.clicksend.api_key.reveal() == "of its own file"


@pytest.mark.parametrize("empty", ["", "  \n"])
def test_an_empty_value_counts_as_not_given(sources: Make, tmp_path: Path, empty: str) -> None:
    config = config_file(tmp_path, '[kafka]\ngroup_id = "of the file"')
    assert load(sources({"KAFKA_GROUP_ID": empty}, config=config)).kafka.group_id == "of the file"
    assert [problem.name for problem in wrong(sources({"KAFKA_TOPIC": empty}))] == ["KAFKA_TOPIC"]


def test_values_lose_the_white_space_around_them(settings: Callable[..., Settings]) -> None:
    found = settings(CLICKSEND_API_KEY=" the-key\n", CLICKSEND_USERNAME="\tacme ", LOG_LEVEL=" debug ")
    assert found.clicksend.api_key.reveal() == "the-key"
    assert found.clicksend.username == "acme"
    assert found.log.level == "debug"


@pytest.mark.parametrize("name", ["MONITOR_PORT", "MONITOR_PORTS", "KAFKA_TOPICS"])
def test_service_links_of_a_cluster_are_ignored(settings: Callable[..., Settings], name: str) -> None:
    assert settings(**{name: "tcp://10.0.0.1:9464"}).monitor.port == 9464


def test_an_unknown_variable_is_an_error_only_near_a_known_one(problems: Find) -> None:
    assert problems(KAFKA_PORT_9092_TCP_ADDR="10.0.0.1", RETRY="3", LOG="x", KAFKA_HOME="/opt/kafka") == []
    found = problems(KAFKA_TOPICS="x", CLICKSEND_API_KEYFILE="/key")
    assert [(problem.name, problem.hint) for problem in found] == [
        ("KAFKA_TOPICS", "Did you mean KAFKA_TOPIC?"),
        ("CLICKSEND_API_KEYFILE", "Did you mean CLICKSEND_API_KEY_FILE?"),
    ]


def test_an_unknown_name_on_the_command_line_is_always_an_error(sources: Make) -> None:
    found = wrong(sources(overrides={"KAFKA_TOPPIC": "x", "COLOUR": "red"}))
    assert [str(problem) for problem in found] == [
        "KAFKA_TOPPIC: is not a setting. Did you mean KAFKA_TOPIC?",
        "COLOUR: is not a setting. `clicksend-consumer settings` lists all settings",
    ]


def test_what_is_wrong_in_unused_sections_does_not_matter(sources: Make, tmp_path: Path) -> None:
    environ = {"KAFKA_TOPIC": None, "KAFKA_TOPICS": "x", "RETRY_MAX_AGE": "soon", "LOG_LEVEL": "error"}
    secret = tmp_path / "secrets" / "KAFKA_GROUP_ID"
    secret.mkdir()
    settings = load(sources(environ), ("log",))
    assert settings.log.level == "error"
    with pytest.raises(AttributeError):
        _ = settings.kafka


def test_the_file_is_read_by_section_and_key(sources: Make, tmp_path: Path) -> None:
    config = config_file(
        tmp_path,
        """
        [kafka]
        bootstrap_servers = ["kafka-1:9092", "kafka-2:9092"]
        topic = ["orders", "sign-ups"]
        dead_letter_topic = "dead"
        create_dead_letter_topic = true
        [kafka.properties]
        "client.rack" = "eu-1a"
        "fetch.wait.max.ms" = 20
        "socket.keepalive.enable" = true
        [retry]
        max_delay = 12.5
        """,
    )
    settings = load(sources({"KAFKA_TOPIC": None, "KAFKA_BOOTSTRAP_SERVERS": None}, config=config))
    assert settings.kafka.bootstrap_servers == "kafka-1:9092,kafka-2:9092"
    assert settings.kafka.topics == ("orders", "sign-ups")
    assert settings.kafka.create_dead_letter_topic is True
    assert settings.kafka.properties == {
        "client.rack": "eu-1a",
        "fetch.wait.max.ms": "20",
        "socket.keepalive.enable": "true",
    }
    assert settings.retry.max_delay == 12.5


def test_a_value_of_the_wrong_kind_in_the_file_is_a_problem(sources: Make, tmp_path: Path) -> None:
    config = config_file(tmp_path, "[kafka]\ntopic = 5\ngroup_id = 7")
    found = wrong(sources({"KAFKA_TOPIC": None}, config=config))
    assert [str(problem).partition(". ")[0] for problem in found] == [
        "KAFKA_TOPIC: is not a list of names, separated by commas",
        "KAFKA_GROUP_ID: is not text",
    ]


@pytest.mark.parametrize(
    ("text", "name", "hint"),
    [
        pytest.param("[kafka]\ntopics = 'x'", "[kafka] topics", "Did you mean topic?", id="near-a-known-key"),
        pytest.param("[kafka]\nconcurrency = 4", "[kafka] concurrency", "It belongs under [delivery]", id="elsewhere"),
        pytest.param("[log]\ncolour = 'red'", "[log] colour", "Keys of [log]: level, format", id="nowhere"),
        pytest.param("[kafak]\ntopic = 'x'", "[kafak]", "Did you mean [kafka]?", id="near-a-section"),
        pytest.param("topic = 'x'", "[topic]", "Use one of [kafka], [clicksend]", id="no-section"),
        pytest.param("kafka = 'x'", "kafka", "Write [kafka], then its keys", id="a-section-that-is-no-table"),
    ],
)
def test_an_unknown_name_in_the_file_is_an_error_with_a_suggestion(
    sources: Make, tmp_path: Path, text: str, name: str, hint: str
) -> None:
    (problem,) = wrong(sources(config=config_file(tmp_path, text)), "log")
    assert problem.name == f"{name} in {tmp_path / 'worker.toml'}"
    assert problem.hint.startswith(hint)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        pytest.param(b"[clicksend]\napi_key = the-api-key\n", "is not TOML (at line 2, column 11)", id="no-quotes"),
        pytest.param(b"[clicksend]\napi_key = 'the-api-key", "is not TOML (at", id="cut-off"),
        pytest.param(b"[clicksend]\napi_key = '\xff'", "is not UTF-8 text", id="not-text"),
        pytest.param(b"[clicksend]\nlist_id = " + b"9" * 5000, "is too large, or", id="number-beyond-python's-limit"),
        pytest.param(b"[kafka]\nproperties = " + b"[" * 5000, "is too large, or", id="nesting-beyond-python's-limit"),
        pytest.param(b"#" * 1_048_577, "is too large, or", id="a-disk"),
    ],
)
def test_a_broken_file_is_named_with_the_place_and_without_its_content(
    sources: Make, tmp_path: Path, content: bytes, what: str
) -> None:
    config = tmp_path / "worker.toml"
    config.write_bytes(content)
    (problem,) = wrong(sources(config=config), "log")
    assert problem.name == str(config)
    assert problem.what.startswith(what)
    assert "the-api-key" not in str(problem)


def test_a_file_that_is_not_there_is_a_problem(sources: Make, tmp_path: Path) -> None:
    (problem,) = wrong(sources(config=tmp_path / "no.toml"))
    assert problem.what == "can't be read (No such file or directory)"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        pytest.param(None, "has a file that can't be read (No such file or directory)", id="not-there"),
        pytest.param(b"\xff\xfe", "has a file that is not UTF-8 text", id="not-text"),
        pytest.param(b"x" * 70_000, "has a file that is larger than 65536 bytes", id="too-large"),
    ],
)
def test_a_secret_file_that_cannot_be_used_is_one_problem_not_two(
    sources: Make, tmp_path: Path, content: bytes | None, what: str
) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
    found = wrong(sources({"CLICKSEND_API_KEY": None, "CLICKSEND_API_KEY_FILE": str(path)}))
    assert [(problem.name, problem.what) for problem in found] == [("CLICKSEND_API_KEY", what)]


def test_a_secrets_directory_that_is_not_there_is_a_problem_if_it_was_named(sources: Make, tmp_path: Path) -> None:
    (problem,) = wrong(sources({"SECRETS_DIR": str(tmp_path / "no")}))
    assert (problem.name, problem.what) == (
        "SECRETS_DIR",
        "names a directory that can't be read (No such file or directory)",
    )


def test_credentials_are_read_again_from_their_files(sources: Make, tmp_path: Path) -> None:
    key = tmp_path / "secrets" / "CLICKSEND_API_KEY"
    key.write_text("old")
    settings = load(sources({"CLICKSEND_API_KEY": None}))
    key.write_text("new\n")
    credentials = reload_credentials(settings)
    assert (credentials.username, credentials.api_key) == ("acme", "new")
    key.unlink()
    with pytest.raises(ConfigurationError):
        reload_credentials(settings)


def test_neither_sources_nor_settings_show_a_secret_in_their_repr(sources: Make) -> None:
    given = sources(overrides={"KAFKA_PROPERTIES": '{"ssl.key.password": "hidden-1"}', "MONITOR_TOKEN": "hidden-2"})
    shown = repr(given) + repr(load(given, ("clicksend", "monitor")))
    assert "hidden" not in shown
    assert "the-api-key" not in shown


def test_the_process_environment_serves_as_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("LOG_LEVEL", "warning")
    assert load(Sources(os.environ), ("log",)).log.level == "warning"


def test_a_byte_order_mark_is_no_part_of_a_secret_or_a_file(sources: Make, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"\xef\xbb\xbfs3cret\n")
    (tmp_path / "worker.toml").write_bytes(b'\xef\xbb\xbf[kafka]\ngroup_id = "mine"\n')
    given = {"CLICKSEND_API_KEY": None, "CLICKSEND_API_KEY_FILE": str(tmp_path / "key"), "KAFKA_GROUP_ID": None}
    settings = load(sources(given, config=tmp_path / "worker.toml"))
    assert settings.clicksend.api_key.reveal() == "s3cret"
    assert settings.kafka.group_id == "mine"
