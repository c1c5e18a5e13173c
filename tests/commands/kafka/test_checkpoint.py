from __future__ import annotations

import subprocess
import sys

import pytest

from consumer.commands.kafka.checkpoint import name_of
from consumer.commands.repeat import checked_name

PROGRAM = """
from consumer.commands.kafka.checkpoint import name_of
from consumer.commands.dead_letters.filters import Filters
from consumer.commands.dead_letters.targets import Destination
print(name_of(Destination.SOURCE, Filters.parse(reason=["rejected", "unmappable"], status=["400", "none"])))
"""


def test_the_same_command_has_the_same_checkpoint_in_every_process() -> None:
    names = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}
        ).stdout
        for seed in "123"
    }
    assert len(names) == 1


def test_another_command_has_another() -> None:
    assert name_of("replay", 1) != name_of("replay", 2)


@pytest.mark.parametrize("text", ["", "a b", "a/b", "ä", "a" * 61])
def test_a_name_that_a_group_can_not_bear_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a valid name"):
        checked_name(text)


def test_a_name_is_taken_as_it_is() -> None:
    assert checked_name("after-the_outage.2") == "after-the_outage.2"
