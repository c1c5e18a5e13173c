"""Members that are found quickly are the same members."""

from __future__ import annotations

import copy
import pickle
from enum import Enum, StrEnum

import pytest

from consumer.enum_members import found_quickly
from consumer.scheduling.task import Stage


@found_quickly
class Colour(StrEnum):
    """Two members and an alias."""

    RED = "red"
    GREEN = "green"
    CRIMSON = "red"

    @property
    def warm(self) -> bool:
        return self is Colour.RED


@pytest.mark.parametrize("enum", [Colour, Stage])
def test_members_are_attributes_of_the_class(enum: type[Enum]) -> None:
    assert {name: vars(enum)[name] for name in enum.__members__} == dict(enum.__members__)


def test_the_enum_is_as_before() -> None:
    assert list(Colour) == [Colour.RED, Colour.GREEN]
    assert Colour("green") is Colour["GREEN"] is Colour.GREEN
    assert Colour["CRIMSON"] is Colour.RED
    assert [each.warm for each in Colour] == [True, False]
    assert (Colour.RED.name, Colour.RED.value, str(Colour.RED)) == ("RED", "red", "red")
    assert copy.deepcopy(Colour.RED) is Colour.RED
    assert pickle.loads(pickle.dumps(Colour.GREEN)) is Colour.GREEN  # noqa: S301 -- our own


def test_a_member_is_never_replaced() -> None:
    with pytest.raises(AttributeError):
        Colour.RED = Colour.GREEN  # type: ignore[misc]
