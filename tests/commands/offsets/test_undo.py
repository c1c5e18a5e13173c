from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from consumer.commands.kafka.group import Commit
from consumer.commands.offsets.undo import FORMAT, read_offsets, undo_name, write_undo
from consumer.errors import RefusedError
from consumer.scheduling.task import Partition

NOW = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
COMMITS = {Partition("events", 1): Commit(7, "c1:abc"), Partition("events", 0): None}


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    write_undo(tmp_path / "undo.json", "g", COMMITS, NOW)
    assert read_offsets(tmp_path / "undo.json", "g") == COMMITS
    assert [path.name for path in tmp_path.iterdir()] == ["undo.json"]


def test_a_file_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "undo.json"
    path.write_text("precious")
    with pytest.raises(RefusedError, match=r"failed: File exists\. Nothing was changed"):
        write_undo(path, "g", COMMITS, NOW)
    assert path.read_text() == "precious"
    assert [each.name for each in tmp_path.iterdir()] == ["undo.json"]


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="No such file or directory"):
        write_undo(tmp_path / "nowhere" / "undo.json", "g", COMMITS, NOW)


def test_its_name_tells_the_group_and_the_time() -> None:
    assert undo_name("team/a b", NOW) == Path("offsets-undo-team_a_b-20260329T013000.000000Z.json")


@pytest.mark.parametrize(
    "text",
    [
        "events,0,5\nevents,1,7\n",
        '"events","0","5"\r\n"events","1","7"\r\n',
        "g,events,0,5\n\ng,events,1,7",
        " events , 0 , 5\nevents,1,7",
    ],
)
def test_the_csv_of_kafka_consumer_groups_is_taken(tmp_path: Path, text: str) -> None:
    (tmp_path / "offsets.csv").write_text(text)
    found = read_offsets(tmp_path / "offsets.csv", "g")
    assert found == {Partition("events", 0): Commit(5), Partition("events", 1): Commit(7)}


def entry(**changes: object) -> str:
    offset = {"topic": "events", "partition": 0, "offset": 5, "metadata": "", **changes}
    return json.dumps({"format": FORMAT, "group": "g", "offsets": [offset]})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "contains no offset"),
        ("{", "is invalid: not JSON"),
        ("{" * 100_000, "is invalid: not JSON"),
        ("{}", "is not an undo file of clicksend-consumer"),
        (json.dumps({"format": FORMAT, "group": "g", "offsets": []}), "contains no offset"),
        (json.dumps({"format": FORMAT, "group": "g", "offsets": [1]}), "entry 1"),
        (json.dumps({"format": FORMAT, "group": "other", "offsets": []}), "belongs to the group other, not to g"),
        (entry(offset=-1), "entry 1"),
        (entry(offset="5"), "entry 1"),
        (entry(offset=2**63), "entry 1"),
        (entry(partition=True), "entry 1"),
        (entry(topic=None), "entry 1"),
        (entry(metadata=None), "entry 1"),
        ("events,0", "line 1"),
        ("events,0,5\nevents,0,6", "line 2 repeats events-0"),
        ("events,0,-1", "line 1"),
        ("events,0,9999999999999999999", "line 1"),
        (",0,1", "line 1"),
        ("other,events,0,1", "line 1 belongs to another group than g"),
        ("topic,partition,offset", "line 1"),
    ],
)
def test_a_broken_file_is_refused_with_the_place(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "offsets"
    path.write_text(text)
    with pytest.raises(RefusedError, match=words):
        read_offsets(path, "g")


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="No such file or directory"):
        read_offsets(tmp_path / "nowhere", "g")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(RefusedError, match="not UTF-8"):
        read_offsets(tmp_path / "binary", "g")
