from __future__ import annotations

from consumer.commands.output import Format, Row, rendered

ROWS: list[Row] = [{"topic": "raw-events", "lag": 12, "owner": None}, {"topic": "é", "lag": 0, "owner": "worker-1"}]


def test_a_table_is_aligned_under_its_keys() -> None:
    assert rendered(ROWS, Format.TABLE) == "TOPIC       LAG  OWNER\nraw-events  12   -\né           0    worker-1\n"


def test_json_is_one_object_a_line() -> None:
    assert rendered(ROWS, Format.JSON).splitlines() == [
        '{"topic": "raw-events", "lag": 12, "owner": null}',
        '{"topic": "é", "lag": 0, "owner": "worker-1"}',
    ]


def test_no_rows_are_no_output() -> None:
    assert rendered([], Format.TABLE) == rendered([], Format.JSON) == ""


def test_a_column_is_headed_as_kafkas_own_tools_head_it() -> None:
    assert rendered([{"log_end_offset": 7}], Format.TABLE) == "LOG-END-OFFSET\n7\n"
