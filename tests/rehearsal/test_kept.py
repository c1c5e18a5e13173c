"""The sizing page shows the stored load test, which confirms `sizing`."""

from __future__ import annotations

import pytest

from consumer.commands.sizing import DAY, Load, plan
from tests.rehearsal.__main__ import DATA, PAGE, PICTURE
from tests.rehearsal.picture import picture
from tests.rehearsal.story import Story, load


@pytest.fixture(scope="module")
def kept() -> Story:
    return load(DATA.read_bytes())


def test_the_page_has_its_table_and_its_picture(kept: Story) -> None:
    page = PAGE.read_text("utf-8")
    assert f"<!-- rehearsal:begin -->\n{kept.table()}<!-- rehearsal:end -->\n" in page, "make rehearse ARGS=--redraw"
    assert PICTURE.read_text("utf-8") == picture(kept), "make rehearse ARGS=--redraw"
    assert "../.github/scaling.svg" in page


def test_one_worker_delivers_the_rate_of_sizing(kept: Story) -> None:
    first = kept.figures()[0]
    assert first.rate == pytest.approx(kept.setting.means.of_a_worker, rel=0.1)


def test_the_limit_is_reached_with_as_many_workers_as_sizing_says(kept: Story) -> None:
    means = kept.setting.means
    enough = plan(Load(events_per_day=means.limit * DAY, enrolments=1), means).workers
    rates = {each.act.workers: each.rate for each in reversed(kept.figures())}
    assert rates[enough - 1] < 0.85 * means.limit
    assert rates[enough] > 0.85 * means.limit
