"""The broker's commit records are parsed in the broker's own format."""

from __future__ import annotations

import struct

import pytest

from tests.chaos.commit_log import LoggedCommit, commits


def text(value: str) -> bytes:
    """A Kafka string."""
    return struct.pack(">h", len(value)) + value.encode()


KEY = struct.pack(">h", 1) + text("group") + text("events") + struct.pack(">i", 3)
VALUE = struct.pack(">hqi", 3, 42, -1) + text("c1:map\0") + struct.pack(">q", 1_700_000_000_500)


def test_a_commit_is_read_with_its_time_and_without_the_nul_of_the_client() -> None:
    assert list(commits([(KEY, VALUE)], "group")) == [LoggedCommit("events", 3, 42, "c1:map", 1_700_000_000.5)]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        pytest.param(KEY, None, id="a deleted offset"),
        pytest.param(struct.pack(">h", 2) + text("group"), b"\0\0", id="a member"),
        pytest.param(KEY.replace(b"group", b"other"), VALUE, id="another group"),
    ],
)
def test_nothing_else_is(key: bytes, value: bytes | None) -> None:
    assert not list(commits([(key, value)], "group"))
