from __future__ import annotations

import json

from consumer.commands.check.result import failed, ok, skipped
from consumer.commands.output import Format


def test_a_line_has_check_status_detail_and_hint() -> None:
    line = failed("list", "there is no list 7", "Check CLICKSEND_LIST_ID").line(Format.TABLE)
    assert line == "failed   list               there is no list 7 -> Check CLICKSEND_LIST_ID\n"


def test_without_a_hint_none_is_printed() -> None:
    assert "->" not in ok("list", "428").line(Format.TABLE)
    assert "not checked: kafka failed" in skipped("topic", "kafka").line(Format.TABLE)


def test_json_is_one_object_a_line() -> None:
    line = failed("list", "é", "hint").line(Format.JSON)
    assert json.loads(line) == {"check": "list", "status": "failed", "detail": "é", "hint": "hint"}
    assert line.count("\n") == 1
