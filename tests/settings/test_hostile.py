"""Any value of any setting is accepted, or refused with the setting's name; none crashes the program."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from consumer.errors import ConfigurationError, Problem
from consumer.settings import SECTIONS, Sources, effective_settings, load
from consumer.settings.field import fields_of
from consumer.settings.loading import KNOWN
from consumer.settings.reading import read_section
from consumer.settings.sources import Setting

Make = Callable[..., Sources]
Find = Callable[..., list[Problem]]

TEXTS = {
    "bytes that are not UTF-8": b"\xff\xfekey".decode("utf-8", "surrogateescape"),
    "null character": "a\0b",
    "line break": "a\r\nb: c",
    "escape": "a\x1b[2Jb",
    "not a number": "nan",
    "infinite": "inf",
    "negative": "-1",
    "next to nothing": "1e-10",
    "huge": "9" * 400,
    "huge power": "1e308",
    "boolean": "true",
    "commas": ",,,",
    "digits that are not ASCII": "\u0661\u0662",
    "brackets": "[::",
    "JSON nested deeply": "[" * 100_000,
    "JSON with a surrogate": '{"client.rack": "\\ud800"}',
    "JSON with a null": '{"client.rack": "\\u0000"}',
    "long": "x" * 100_000,
    "percent signs": "%",
    "emoji": "\U0001f600",
}
HEX = 16**3600  # TOML's hexadecimal numbers have no bounds; Python writes no number of more than 4,300 digits
VALUES = [
    True,
    False,
    1,
    -1,
    0,
    1e-10,
    10**400,
    HEX,
    {"client.rack": HEX},
    math.inf,
    math.nan,
    [],
    [True],
    [[]],
    {},
    {"a": True},
    {"a": []},
]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("name", [setting.variable for setting in KNOWN])
def test_a_text_is_taken_or_refused_by_name(sources: Make, name: str, text: str) -> None:
    try:
        found = load(sources({name: text}))
    except ConfigurationError as error:
        assert all(problem.name and "\n" not in str(problem) for problem in error.problems)
        assert not any(text in str(problem) for problem in error.problems if len(text) > 4 and text != "true")
    else:
        assert not {"\0", "\udcff"} & set(repr(found.sections))
    effective_settings(sources({name: text}))


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
@pytest.mark.parametrize("setting", KNOWN, ids=lambda setting: setting.variable)
def test_a_value_of_the_file_is_taken_or_refused(setting: Setting, value: object) -> None:
    """Anything but a configuration error would end the program with 70."""
    section = SECTIONS[setting.section]
    with suppress(ConfigurationError):
        found = getattr(read_section(section, {setting.key: value}), setting.key)
        assert found != value or not isinstance(value, bool) or fields_of(section)[setting.key].type is bool


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("KAFKA_GROUP_ID", TEXTS["bytes that are not UTF-8"], id="group"),
        pytest.param("CLICKSEND_API_KEY", TEXTS["bytes that are not UTF-8"], id="key"),
        pytest.param("CLICKSEND_USERNAME", "a\nb", id="user"),
        pytest.param("MONITOR_TOKEN", TEXTS["bytes that are not UTF-8"], id="token"),
        pytest.param("DELIVERY_MAX_REQUESTS_PER_SECOND", "1e-10", id="rate"),
        pytest.param("DELIVERY_PROBE_INTERVAL", "1e-10", id="interval"),
        pytest.param("CLICKSEND_PROXY_URL", "http://user:\u20ac@proxy:3128", id="beyond-latin-1"),
        pytest.param("CLICKSEND_PROXY_URL", "http://user:%E2%82%AC@proxy:3128", id="beyond-latin-1-encoded"),
    ],
)
def test_what_could_not_be_worked_with_is_refused(problems: Find, name: str, text: str) -> None:
    assert [problem.name for problem in problems(**{name: text})] == [name]


@pytest.mark.parametrize("sign", ["#", "/", "?"])
def test_a_sign_in_a_proxys_password_is_to_be_encoded(problems: Find, sign: str) -> None:
    (problem,) = problems(CLICKSEND_PROXY_URL=f"http://user:pa{sign}ss@proxy:3128")
    assert problem.hint == "Percent-encode them: %23, %2F, %3F"
    assert problems(CLICKSEND_PROXY_URL="http://user:pa%23%2F%3Fss@proxy:3128") == []


@pytest.mark.parametrize("value", ["true", "false"])
@pytest.mark.parametrize("key", ["clicksend.list_id", "delivery.concurrency", "monitor.port", "retry.max_delay"])
def test_a_boolean_is_no_number(sources: Make, tmp_path: Path, key: str, value: str) -> None:
    section, _, name = key.partition(".")
    config = tmp_path / "worker.toml"
    config.write_text(f"[{section}]\n{name} = {value}\n")
    with pytest.raises(ConfigurationError) as raised:
        load(sources({"CLICKSEND_LIST_ID": None}, config=config))
    assert key.replace(".", "_").upper() in [problem.name for problem in raised.value.problems]


def test_a_comma_at_the_end_of_the_servers_is_no_server(problems: Find) -> None:
    assert problems(KAFKA_BOOTSTRAP_SERVERS="a:1,b:2,") == []


@pytest.mark.parametrize("name", ["LOGLEVEL", "LOG", "KAFKATOPIC", "MONITORPORT"])
def test_a_name_without_a_sections_prefix_is_ignored(problems: Find, name: str) -> None:
    assert problems(**{name: "x"}) == []


def test_a_property_keeps_its_line_breaks(problems: Find) -> None:
    assert problems(KAFKA_PROPERTIES=json.dumps({"ssl.ca.pem": "a\nb"})) == []
