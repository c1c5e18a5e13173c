from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.figures import Figure, compare, load, save, shown, table, without_repeats
from tests.benchmarks.limits import LIMITS, exceeded

SLOW = Figure("sink", "CPU a contact", 300.0, "us", 400.0, "loop")
FAST = Figure("sink", "CPU a contact", 150.0, "us", 300.0, "loop")


def test_a_figure_stands_beside_its_baseline_with_the_ratio() -> None:
    assert table([SLOW], {"cores": "2"}).splitlines()[-1].split()[4:] == ["300", "us", "400", "0.75", "loop"]


def test_a_value_alone_is_left_out_where_it_stands_beside_a_baseline() -> None:
    alone, other = Figure("sink", "CPU a contact", 300.0, "us"), Figure("sink", "memory", 80.0, "MiB")
    assert without_repeats([alone, SLOW, other]) == [SLOW, other]


def test_one_value_may_stand_beside_several_baselines(tmp_path: Path) -> None:
    beside_another = Figure("sink", "CPU a contact", 300.0, "us", 200.0, "floor")
    save(tmp_path / "a.json", [SLOW, beside_another], {})
    assert list(load(tmp_path / "a.json").values()) == [SLOW, beside_another]


def test_what_is_saved_can_be_loaded(tmp_path: Path) -> None:
    save(tmp_path / "a.json", [SLOW], {"cores": "2"})
    assert load(tmp_path / "a.json") == {("sink", "CPU a contact", "loop"): SLOW}


def test_two_runs_are_set_side_by_side(tmp_path: Path) -> None:
    for name, figure in (("a.json", SLOW), ("b.json", FAST)):
        save(tmp_path / name, [figure], {})
    line = compare(tmp_path / "a.json", tmp_path / "b.json").splitlines()[-1]
    assert line.split()[5:] == ["300", "150", "0.50", "0.75", "0.50"]


@pytest.mark.parametrize(("share", "complaints"), [(0.99, 0), (1.01, len(LIMITS))])
def test_a_ratio_beyond_its_limit_is_named(share: float, complaints: int) -> None:
    figures = [Figure(case, name, limit * share, "us", 1.0, loop) for (case, name, loop), limit in LIMITS.items()]
    assert len(exceeded(figures)) == complaints


def test_a_figure_that_was_not_measured_does_not_pass() -> None:
    assert len(exceeded([])) == len(LIMITS)


def test_a_text_takes_the_place_that_the_readme_has_for_it() -> None:
    readme = "before\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nafter\n<!-- other:begin -->\n<!-- other:end -->\n"
    assert shown(readme, "bench", "new\n") == readme.replace("old\n", "new\n")
