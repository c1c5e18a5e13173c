from __future__ import annotations

import pytest

from consumer.commands.kafka.cluster import Ends
from consumer.commands.kafka.group import Commit
from consumer.commands.kafka.partitions import Edge, Moment, Offset
from consumer.commands.offsets.scenario import (
    Facts,
    FromFile,
    Scenario,
    ShiftBy,
    wanted,
)
from consumer.errors import RefusedError
from consumer.scheduling.task import Partition

ZERO = Partition("events", 0)
FACTS = Facts(50, Ends(10, 90), 33)


@pytest.mark.parametrize(
    ("scenario", "offset"),
    [
        (Edge.EARLIEST, 10),
        (Edge.LATEST, 90),
        (Offset(7), 7),
        (ShiftBy(5), 55),
        (ShiftBy(-60), -10),
        (Moment(0), 33),
        (FromFile({ZERO: Commit(42)}), 42),
        (FromFile({ZERO: None}), None),
    ],
    ids=str,
)
def test_each_scenario_has_its_offset(scenario: Scenario, offset: int | None) -> None:
    assert wanted(scenario, ZERO, FACTS) == offset


def test_a_time_after_the_last_record_is_the_end() -> None:
    assert wanted(Moment(0), ZERO, Facts(50, Ends(10, 90), None)) == 90


def test_nothing_can_be_shifted_where_nothing_is_committed() -> None:
    with pytest.raises(RefusedError, match="events-0 has no committed offset"):
        wanted(ShiftBy(1), ZERO, Facts(None, Ends(10, 90)))
