from __future__ import annotations

from consumer.commands.dead_letters.listing import row_of
from tests.support.dead_letters import VALUE, stored


def test_the_line_of_a_list_tells_what_happened_and_not_to_whom() -> None:
    row = row_of(stored(offset=17))
    assert row == {
        "dead_letter": "events.dead-letter-3@17",
        "source": "events-3@41",
        "timestamp": "2026-01-01T00:00:00Z",
        "reason": "rejected",
        "status": 400,
        "code": "BAD_REQUEST",
        "attempts": 1,
        "redrives": 0,
        "bytes": len(VALUE),
        "detail": "HTTP 400 BAD_REQUEST",
    }
