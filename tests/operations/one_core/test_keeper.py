"""On the real operating system, with the usage of the cores written by the test."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from confluent_kafka import Producer
from structlog.testing import capture_logs

from consumer.operations.one_core.keeper import OneCore

CORES = sorted(os.sched_getaffinity(0)) if sys.platform == "linux" else []
TASKS = Path("/proc/self/task")
pytestmark = pytest.mark.skipif(len(CORES) < 2, reason="needs Linux with two cores")


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    (tmp_path / "self").symlink_to("/proc/self")
    write(tmp_path, busy=dict.fromkeys(CORES, 0), total=0)
    return tmp_path


@pytest.fixture
def other() -> Iterator[int]:
    """A thread beside the keeper's own, which here is the test's; gives its native id."""
    end = threading.Event()
    thread = threading.Thread(target=end.wait)
    thread.start()
    assert thread.native_id
    yield thread.native_id
    end.set()
    thread.join()
    for each in TASKS.iterdir():
        with suppress(ProcessLookupError):  # it has just ended
            os.sched_setaffinity(int(each.name), CORES)


def write(proc: Path, busy: dict[int, int], total: int) -> None:
    lines = (f"cpu{core} {ticks} 0 0 {total - ticks} 0 0 0 0 0 0\n" for core, ticks in busy.items())
    (proc / "stat").write_text("".join(lines), "ascii")


def test_the_others_go_to_the_emptiest_core_and_the_keeper_does_not(proc: Path, other: int) -> None:
    keeper = OneCore(proc)
    assert keeper.look() is None
    write(proc, dict.fromkeys(CORES, 50_000) | {CORES[1]: 10_000}, 100_000)
    assert keeper.look() == CORES[1]
    assert os.sched_getaffinity(other) == {CORES[1]}
    assert os.sched_getaffinity(0) == set(CORES)


def test_when_all_cores_are_taken_they_are_let_go(proc: Path, other: int) -> None:
    keeper = OneCore(proc)
    keeper.look()
    write(proc, dict.fromkeys(CORES, 1_000), 100_000)
    assert keeper.look() is not None
    write(proc, dict.fromkeys(CORES, 91_000), 200_000)
    assert keeper.look() is None
    assert os.sched_getaffinity(other) == set(CORES)


def threads_without_the_interpreter() -> dict[int, set[int]]:
    """Where each may run."""
    found = {}
    for thread in {int(each.name) for each in TASKS.iterdir()} - {each.native_id for each in threading.enumerate()}:
        with suppress(ProcessLookupError):  # it has just ended
            found[thread] = os.sched_getaffinity(thread)
    return found


def test_threads_without_the_interpreter_go_where_they_like_even_if_begun_on_the_core(proc: Path, other: int) -> None:
    keeper = OneCore(proc)
    keeper.look()
    os.sched_setaffinity(0, CORES[:1])
    producer = Producer({"test.mock.num.brokers": 1})  # with threads of its own, in the process's native part
    os.sched_setaffinity(0, CORES)
    begun = threads_without_the_interpreter()
    write(proc, dict.fromkeys(CORES, 1_000), 100_000)
    keeper.look()
    lasting = [cores for thread, cores in threads_without_the_interpreter().items() if thread in begun]
    assert lasting
    assert all(cores == set(CORES) for cores in lasting)
    producer.flush()


def test_where_the_cores_say_no_more_the_threads_are_let_go_with_a_line(proc: Path, other: int) -> None:
    keeper = OneCore(proc)
    keeper.look()
    write(proc, dict.fromkeys(CORES, 1_000), 100_000)
    assert keeper.look() is not None
    (proc / "stat").write_text("cpu0 lots\n", "ascii")
    with capture_logs() as lines:
        keeper.run()
    assert [line["event"] for line in lines] == ["threads are left to the operating system"]
    assert os.sched_getaffinity(other) == set(CORES)
