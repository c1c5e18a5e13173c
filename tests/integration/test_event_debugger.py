"""The event debugger's JSON of a whole worker."""

from __future__ import annotations

from typing import Any

import requests

from tests.support.events import page_view, sign_up
from tests.support.stage import PARTITIONS, Stage
from tests.support.waiting import HANG_SECONDS
from tests.support.worker_process import WorkerProcess

KEY, TOKEN = "k3y-of-the-account", "t0ken-of-the-monitor"


def records(worker: WorkerProcess, query: str = "") -> list[dict[str, Any]]:
    answer = requests.get(
        f"{worker.address()}/debugger/records?{query}",
        headers={"Authorization": f"Bearer {TOKEN}"},
        timeout=HANG_SECONDS,
    )
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json()["records"]
    return found


def test_each_record_is_logged_with_its_end_and_neither_a_secret_nor_an_identity(stage: Stage) -> None:
    stage.sandbox.set_credentials(stage.sandbox.options.username, KEY)
    with stage.worker(CLICKSEND_API_KEY=KEY, MONITOR_TOKEN=TOKEN) as worker:
        worker.wait_ready()
        stage.produce(sign_up(4711), page_view(), raw=[b"oops", None])
        ends = ("delivered", "filtered", "dead_lettered")
        worker.wait(lambda: len(records(worker, f"disposition={','.join(ends)}")) == 4)
        summaries = sorted((each["disposition"], each["reason"], each["who"]) for each in records(worker))
        assert summaries == [
            ("dead_lettered", "undecodable", ""),
            ("delivered", "accepted", "u***@example.com"),
            ("filtered", "not_enrolment", ""),
            ("filtered", "tombstone", ""),
        ]
        shown = str(records(worker))
        for path in ("/", "/debugger/state", "/debugger/words"):
            answer = requests.get(f"{worker.address()}{path}", auth=("", TOKEN), timeout=HANG_SECONDS)
            assert answer.status_code == 200
            shown += answer.text
    for word in (KEY, TOKEN, "u4711", "visitor-1"):
        assert word not in shown + worker.output()


def taken_over(first: WorkerProcess, second: WorkerProcess) -> int:
    """Return the number of records that the first worker released once both own partitions; before, 0."""
    shares = [worker.assigned() for worker in (first, second)]
    return len(records(first, "disposition=released")) if shares == [PARTITIONS / 2] * 2 else 0


def test_what_leaves_with_its_partition_is_released_here_and_settled_there(stage: Stage) -> None:
    stage.sandbox.set_credentials(stage.sandbox.options.username, "another")  # so that all of it waits
    with stage.worker(MONITOR_TOKEN=TOKEN, DELIVERY_PROBE_INTERVAL="0.5") as first:
        first.wait_ready()
        stage.produce(*[sign_up(number) for number in range(8)])
        first.wait(lambda: len(records(first, "disposition=in_progress")) == 8)
        with stage.worker(MONITOR_TOKEN=TOKEN, DELIVERY_PROBE_INTERVAL="0.5") as second:
            second.wait(lambda: 0 < taken_over(first, second) == len(records(second, "disposition=in_progress")))
            given = records(first, "disposition=released")
            assert {each["reason"] for each in given} == {"revoked"}
            stage.sandbox.set_credentials(stage.sandbox.options.username, stage.sandbox.options.api_key)
            second.wait(lambda: len(records(second, "disposition=delivered")) == len(given))
            first.wait(lambda: len(records(first, "disposition=delivered")) == 8 - len(given))
