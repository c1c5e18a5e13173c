"""Terminal output: no control characters, and none that the encoding lacks."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from consumer.commands.output import Format, rendered
from consumer.terminal import escaped, escaped_json, escaped_lines

STEERING = ["\x1b[2J", "\x9b2J", "\r", "\x07", "\x7f", "\u202e", "\u2028", "\ud800", "\x00"]
EVENT = '{"type":"identify","traits":{"email":"jané@example.com","firstName":"Łucja 😀"}}'


@pytest.mark.parametrize("hostile", STEERING, ids=ascii)
def test_what_could_steer_a_terminal_is_escaped(hostile: str) -> None:
    for text in (escaped(hostile), escaped_lines(hostile), rendered([{"name": hostile}], Format.TABLE)):
        assert text.replace("\n", "").isprintable()
        assert "\\" in text


def test_a_cell_stays_on_its_line_and_lines_stay_lines() -> None:
    assert rendered([{"name": "a\nb\tc"}], Format.TABLE) == "NAME\na\\nb\\tc\n"
    assert escaped_lines("a\nb\n") == "a\nb\n"
    assert escaped("Łucja 😀") == "Łucja 😀"


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "ascii"])
@pytest.mark.parametrize("value", [*STEERING, "é", "Ł", "😀", "plain"], ids=ascii)
def test_json_means_the_same_in_every_encoding(value: str, encoding: str) -> None:
    text = json.dumps({"a": value}, ensure_ascii=False) + "\n"
    shown = escaped_json(text, encoding)
    assert json.loads(shown.encode(encoding).decode(encoding)) == {"a": value}
    assert shown.replace("\n", "").isprintable()


@pytest.mark.parametrize(
    "locale",
    [
        {"PYTHONIOENCODING": "latin-1"},
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "C.UTF-8"},
    ],
    ids=str,
)
@pytest.mark.parametrize("form", ["json", "table"])
def test_every_encoding_shows_every_text(tmp_path: Path, locale: dict[str, str], form: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "consumer", "explain", "--format", form, "--reveal"],
        env={"SECRETS_DIR": str(tmp_path), **locale},
        cwd=tmp_path,
        input=EVENT.encode(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    encoding = locale.get("PYTHONIOENCODING") or ("utf-8" if "UTF-8" in locale["LC_ALL"] else "ascii")
    text = done.stdout.decode(encoding)
    if form == "json":
        assert json.loads(text)["contact"]["first_name"] == "Łucja 😀"
    else:
        assert ("Łucja" if encoding == "utf-8" else "\\u0141ucja") in text


@pytest.mark.parametrize("arguments", [("expl\x1b[2Jain",), ("explain", "no-\x1b[2Jfile"), ("--\x1b[2J",)], ids=ascii)
def test_an_argument_in_an_error_cant_steer_the_terminal(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "consumer", *arguments],
        env={"SECRETS_DIR": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in (1, 2)
    assert b"\x1b" not in done.stdout + done.stderr
    assert b"\\x1b[2J" in done.stderr


def test_no_socket_gets_the_number_of_a_stream_that_is_closed() -> None:
    """libuv ends the process when it has to close such a socket."""
    code = (
        "import os, socket, sys; from consumer.terminal import open_streams; open_streams(); "
        "number = socket.socket().fileno(); os._exit(number)"
    )
    closed = "<&- >&- 2>&-"
    done = subprocess.run(["sh", "-c", f"{shlex.quote(sys.executable)} -c {shlex.quote(code)} {closed}"], check=False)
    assert done.returncode > 2
