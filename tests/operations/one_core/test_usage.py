from __future__ import annotations

from pathlib import Path

import pytest

from consumer.operations.one_core.usage import Usage

STAT = """\
cpu  90 0 20 300 40 0 0 0 0 0
cpu0 60 0 10 100 20 0 5 5 60 0
cpu12 30 0 10 200 20 0 0 0 0 0
intr 8 8 8
ctxt 12345
"""
THREAD = "77 (a (strange) name) S 1 77 77 0 -1 4194304 1 2 3 4 {user} {system} 0 0 20 0 9 0 5 6 7\n"


def proc(folder: Path, stat: str = STAT, **threads: tuple[int, int]) -> Path:
    (folder / "stat").write_text(stat, "ascii")
    for name, (user, system) in threads.items():
        place = folder / "self" / "task" / name.removeprefix("thread")
        place.mkdir(parents=True)
        (place / "stat").write_text(THREAD.format(user=user, system=system), "utf-8")
    return folder


def test_busy_is_what_is_neither_idle_nor_waiting_for_a_disk(tmp_path: Path) -> None:
    assert Usage.read([], proc(tmp_path)).cores == {0: (80, 200), 12: (40, 260)}


def test_a_thread_counts_its_user_and_system_time(tmp_path: Path) -> None:
    assert Usage.read([77], proc(tmp_path, thread77=(30, 4))).threads == {77: 34}


def test_a_thread_that_has_ended_counts_nothing(tmp_path: Path) -> None:
    assert Usage.read([78], proc(tmp_path, thread77=(30, 4))).threads == {78: 0}


def test_a_machine_that_does_not_say_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="stat"):
        Usage.read([], tmp_path)
    with pytest.raises(ValueError, match="invalid literal"):
        Usage.read([], proc(tmp_path, "cpu0 many 1 2 3\n"))


def test_others_take_what_is_not_ours() -> None:
    before = Usage({0: (100, 1000), 1: (100, 1000)}, {7: 10, 8: 10})
    now = Usage({0: (180, 1100), 1: (130, 1100)}, {7: 30, 9: 40})  # 8 has ended, 9 is new: ours are 60 ticks
    assert now.taken_since(before, {0}) == {0: pytest.approx(0.2), 1: pytest.approx(0.3)}


def test_where_we_were_on_all_cores_our_part_is_spread_over_them() -> None:
    before = Usage({0: (0, 0), 1: (0, 0)}, {7: 0})
    now = Usage({0: (80, 100), 1: (50, 100)}, {7: 60})
    assert now.taken_since(before, {0, 1}) == {0: pytest.approx(0.5), 1: pytest.approx(0.2)}


def test_a_core_that_has_just_come_or_has_not_moved_is_left_out() -> None:
    before = Usage({0: (100, 1000)}, {})
    assert Usage({0: (100, 1000), 1: (5, 10)}, {}).taken_since(before, {0}) == {}
