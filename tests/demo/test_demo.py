"""The complete demo as a user runs it: broker, sandbox, worker and visitors."""

from __future__ import annotations

import io
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from consumer.demo import demo
from consumer.demo import scenario as story
from consumer.demo.demo import DemoOptions, run_demo
from consumer.demo.runner import DemoRun
from consumer.errors import ConfigurationError
from consumer.exit_status import ExitStatus
from tests.support.events import CONNECTOR_CONTACT

OWN = b"""{"type": "track", "event": "Signed Up", "traits": {"email": "me@example.com"}}
{"type": "page", "name": "Home"}
oops
{"type": "identify", "traits": {"email": "me@example.com", "marketing_opt_in": false}}
"""


class Reader(io.StringIO):
    """Reads along, and does something when it sees a word."""

    def __init__(self, word: str) -> None:
        super().__init__()
        self._word = word
        self._seen = False

    def write(self, text: str, /) -> int:
        if self._word in text and not self._seen:
            self._seen = True
            self.react()
        assert self._seen or "End of input" not in text, f"never printed: {self._word}"
        return super().write(text)

    def react(self) -> None:
        signal.raise_signal(signal.SIGINT)


class Visiting(Reader):
    """Looks the list up at ClickSend's address, then ends the demo."""

    contacts: object = None

    def react(self) -> None:
        page = re.search(r"sandbox contacts +(\S+)", self.getvalue())
        assert page is not None
        answer = requests.get(f"{page[1]}v3/lists/428/contacts", auth=("sandbox", "sandbox"), timeout=60)
        self.contacts = answer.json()["data"]["data"]
        super().react()


class Leaving(Reader):
    """Closes the pipe."""

    def react(self) -> None:
        raise BrokenPipeError


def numbers(narration: str) -> dict[str, str]:
    """The summary, by its rows' names."""
    rows = narration.rpartition("After ")[2].splitlines()[1:]
    return {row[:22].strip(): " ".join(row[22:].split()) for row in rows}


def own(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "mine.jsonl"
    path.write_bytes(content)
    return path


@pytest.mark.slow
def test_once_plays_the_story_and_settles_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "QUICK_OUTAGE_SECONDS", 4.0)  # for a busy machine
    monkeypatch.setattr(story, "RATE_LIMIT_SECONDS", 4.0)  # the same
    out = io.StringIO()
    assert run_demo(DemoOptions(DemoRun.ONCE), out, io.StringIO()) is ExitStatus.DONE
    output = out.getvalue()
    assert numbers(output) == {
        "consumed": "73",
        "delivered": "42 42 accepted",
        "filtered": "28 27 not_enrolment, 1 no_identity",
        "dead-lettered": "3 1 undecodable, 1 unmappable, 1 rejected",
        "contacts in the list": "41",
    }
    words = ("503 SERVICE_UNAVAILABLE", "breaker open", "ClickSend responds again", "429 TOO_MANY_REQUESTS", "attempts")
    for word in words:
        assert word in output
    assert "jane.doe" not in output


def test_the_connector_pages_example_arrives_as_it_is_printed_there() -> None:
    out = Visiting("the example in the connector's docs")
    run_demo(DemoOptions(), out, io.StringIO())
    assert isinstance(out.contacts, list)
    clicksends = ("contact_id", "list_id", "date_added", "date_updated", "_list_name")
    (jane,) = [contact for contact in out.contacts if contact["email"] == "jane.doe@example.com"]
    assert {name: value for name, value in jane.items() if value and name not in clicksends} == CONNECTOR_CONTACT


def test_own_events_take_their_way(tmp_path: Path) -> None:
    out = io.StringIO()
    options = DemoOptions(DemoRun.ONCE, own(tmp_path, OWN))
    assert run_demo(options, out, io.StringIO()) is ExitStatus.DONE
    output = out.getvalue()
    assert numbers(output) == {
        "consumed": "4",
        "delivered": "2 2 accepted",
        "filtered": "1 1 not_enrolment",
        "dead-lettered": "1 1 undecodable",
        "contacts in the list": "1",
    }
    assert "opt-out" in output


def test_an_empty_file_is_settled_at_once(tmp_path: Path) -> None:
    out = io.StringIO()
    assert run_demo(DemoOptions(DemoRun.ONCE, own(tmp_path, b"")), out, io.StringIO()) is ExitStatus.DONE
    assert "The input has no records" in out.getvalue()
    assert numbers(out.getvalue())["consumed"] == "0"


def test_lines_that_no_record_can_hold_leave_it_partly_done(tmp_path: Path) -> None:
    talk = io.StringIO()
    options = DemoOptions(DemoRun.ONCE, own(tmp_path, OWN + b"x" * 1_100_000))
    assert run_demo(options, io.StringIO(), talk) is ExitStatus.PARTLY_DONE
    assert talk.getvalue().endswith("too large for a record: 1\n")


def test_ctrl_c_in_the_middle_ends_with_a_summary() -> None:
    out = Reader("delivered")
    before = signal.getsignal(signal.SIGINT)
    assert run_demo(DemoOptions(), out, io.StringIO()) is ExitStatus.DONE
    assert "contacts in the list" in numbers(out.getvalue())
    assert signal.getsignal(signal.SIGINT) is before


def test_a_file_that_has_ended_leaves_the_demo_running_until_ctrl_c(tmp_path: Path) -> None:
    out = Reader("End of input: 4 records")
    assert run_demo(DemoOptions(events=own(tmp_path, OWN)), out, io.StringIO()) is ExitStatus.DONE
    assert numbers(out.getvalue())["consumed"] == "4"


def test_a_reader_that_leaves_ends_it() -> None:
    out = Leaving("delivered")
    with pytest.raises(BrokenPipeError):
        run_demo(DemoOptions(), out, io.StringIO())
    assert "After" not in out.getvalue()


def test_a_file_that_cant_be_read_ends_it_before_it_begins(tmp_path: Path) -> None:
    out = io.StringIO()
    with pytest.raises(ConfigurationError, match="No such file"):
        run_demo(DemoOptions(DemoRun.ONCE, tmp_path / "none"), out, io.StringIO())
    assert not out.getvalue()


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="a file that opens and can't be read is Linux's")
def test_a_file_that_breaks_while_it_is_read_ends_it() -> None:
    with pytest.raises(ConfigurationError, match="Input/output error"):
        run_demo(DemoOptions(events=Path("/proc/self/mem")), io.StringIO(), io.StringIO())


def test_the_command_is_quiet_when_its_reader_has_seen_enough() -> None:
    command = [sys.executable, "-m", "consumer", "demo"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == ExitStatus.FAILED


def test_the_commands_options_reach_the_demo(tmp_path: Path) -> None:
    path = own(tmp_path, OWN)
    command = [sys.executable, "-m", "consumer", "demo", "--once", "--events", "-"]
    with path.open("rb") as stdin:
        done = subprocess.run(command, stdin=stdin, capture_output=True, check=True)
    assert numbers(done.stdout.decode())["consumed"] == "4"
    assert done.stderr == b""
