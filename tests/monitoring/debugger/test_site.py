"""The debugger over HTTP, with everything behind it except Kafka and ClickSend."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests
from prometheus_client import CollectorRegistry

from consumer.clicksend.fault import Fault
from consumer.enrolment.disposition import FilterReason
from consumer.monitoring.debugger.guard import Guard
from consumer.monitoring.debugger.site import Site
from consumer.monitoring.debugger.state import StateView
from consumer.monitoring.server import Monitor, Report
from consumer.scheduling.work import PolledRecords
from tests.monitoring.debugger.builders import JANES, RecorderHarness
from tests.support.outcomes import REJECTED
from tests.support.page_files import ASSETS
from tests.support.records import JANE, JOE, record

DATA = ["/debugger/records", "/debugger/state", "/debugger/words"]


class Served:
    """A recorder behind a monitor."""

    def __init__(self, token: str | None = None) -> None:
        self.harness = harness = RecorderHarness()
        self.state = StateView(harness.engine.scheduler, self.ready, lambda: harness.engine.now, lambda: harness.now)
        site = Site(harness.ring, harness.recorder, self.state, Guard((), token))
        live = Report(good=True, body={})
        self.monitor = Monitor("127.0.0.1", 0, CollectorRegistry(), lambda: live, self.ready, site)
        self.report = Report(good=True, body={"state": "ready", "detail": "1 partitions"})

    def ready(self) -> Report:
        return self.report

    def get(self, path: str, method: str = "GET", **headers: str) -> requests.Response:
        return requests.request(method, f"{self.monitor.address}{path}", headers=headers, timeout=60)


@contextmanager
def serving(token: str | None = None) -> Iterator[Served]:
    served = Served(token)
    served.monitor.start()
    try:
        yield served
    finally:
        served.monitor.close()


@pytest.fixture
def served() -> Iterator[Served]:
    with serving() as served:
        yield served


@pytest.fixture(scope="module")
def idle() -> Iterator[Served]:
    """One that nothing happens to."""
    with serving() as served:
        yield served


@pytest.fixture(scope="module")
def guarded() -> Iterator[Served]:
    with serving(token="t0ken") as served:
        yield served


@pytest.mark.parametrize(("path", "content_type"), ASSETS)
def test_each_file_is_served_with_a_strict_policy(idle: Served, path: str, content_type: str) -> None:
    answer = idle.get(path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, content_type)
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    assert policy.pop("default-src") == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert set(policy.values()) <= {"'none'", "'self'"}


@pytest.mark.parametrize("path", [*(path for path, _ in ASSETS), *DATA])
def test_nothing_is_stored_sniffed_or_shared(idle: Served, path: str) -> None:
    headers = idle.get(path).headers
    assert (headers["Cache-Control"], headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize("path", [path for path, _ in ASSETS])
def test_nothing_is_loaded_from_elsewhere_and_nothing_is_inline(idle: Served, path: str) -> None:
    text = idle.get(path).text
    assert re.findall(r"(?:https?:)?//[a-z]", text.replace("http://www.w3.org/2000/svg", "")) == []
    assert not re.search(r"<style|<script(?![^>]*\ssrc=)|\sstyle=|\son[a-z]+=|innerHTML|eval\(", text)


def test_all_that_the_page_refers_to_is_there(idle: Served) -> None:
    targets = set(re.findall(r'(?:href|src)="(/[^"]*)"', idle.get("/").text))
    assert targets >= {"/look.css", "/page.css", "/page.js", "/icon.svg", "/debugger/state", "/debugger/records"}
    assert {target: idle.get(target).status_code for target in targets} == dict.fromkeys(targets, 200)


def test_every_element_that_the_script_uses_is_in_the_page(idle: Served) -> None:
    scripts = "".join(idle.get(path).text for path in ("/page.js", "/shared.js"))
    used = set(re.findall(r'element\("([a-z-]+)"\)', scripts))
    assert used
    assert used <= set(re.findall(r'id="([a-z0-9_-]+)"', idle.get("/").text))


@pytest.mark.parametrize("path", ["/nothing", "/page.py", "/../settings.py", "/debugger/", "/debugger"])
def test_nothing_else_is_there(idle: Served, path: str) -> None:
    answer = idle.get(path)
    assert answer.status_code == 404
    assert "/debugger/records" in answer.text


@pytest.mark.parametrize("path", ["/", *DATA])
def test_a_foreign_host_name_is_refused(idle: Served, path: str) -> None:
    answer = idle.get(path, Host="evil.example")
    assert answer.status_code == 403
    assert "MONITOR_ALLOWED_HOSTS" in answer.text


@pytest.mark.parametrize("path", ["/", *DATA])
def test_every_route_of_the_debugger_requires_the_token(guarded: Served, path: str) -> None:
    assert guarded.get(path).status_code == 401
    assert guarded.get(path, Authorization="Bearer wrong").status_code == 401
    assert guarded.get(path, Authorization="Bearer t0ken").status_code == 200
    assert requests.get(f"{guarded.monitor.address}{path}", auth=("me", "t0ken"), timeout=60).status_code == 200


@pytest.mark.parametrize("path", ["/metrics", "/livez", "/readyz"])
def test_the_probes_and_the_metrics_stay_as_open_as_they_were(guarded: Served, path: str) -> None:
    assert guarded.get(path, Host="worker.example").status_code == 200


def test_a_monitor_without_a_debugger_has_no_page() -> None:
    report = Report(good=True, body={})
    monitor = Monitor("127.0.0.1", 0, CollectorRegistry(), lambda: report, lambda: report)
    monitor.start()
    try:
        assert monitor.page is None
        assert requests.get(f"{monitor.address}/", timeout=60).status_code == 404
    finally:
        monitor.close()


def test_records_come_with_what_has_changed_since(served: Served) -> None:
    served.harness.arrives(JANES, 0)
    first = served.get("/debugger/records").json()
    assert [(each["offset"], each["disposition"]) for each in first["records"]] == [(0, "in_progress")]
    served.harness.recorder.filtered(record(1, value=b'{"type":"page"}'), FilterReason.NOT_ENROLMENT)
    news = served.get(f"/debugger/records?after={first['revision']}").json()
    assert [(each["offset"], each["reason"]) for each in news["records"]] == [(1, "not_enrolment")]
    assert news["started_at"] == first["started_at"]
    assert served.get("/debugger/records?limit=1").json()["records"] == news["records"]
    filtered = served.get("/debugger/records?disposition=filtered").json()
    assert [each["offset"] for each in filtered["records"]] == [1]


def test_shown_and_skipped_is_all_that_was_consumed(served: Served) -> None:
    harness = served.harness
    for offset in range(60):
        harness.recorder.filtered(record(offset, value=b'{"type":"page"}'), FilterReason.NOT_ENROLMENT)
    harness.engine.scheduler.admit(PolledRecords(consumed=60, filtered={FilterReason.NOT_ENROLMENT: 60}))
    answer = served.get("/debugger/records").json()
    assert (len(answer["records"]), answer["passed_over"], answer["consumed"]) == (10, 50, 60)
    assert [each["offset"] for each in answer["records"]] == list(range(59, 49, -1))


def test_a_question_that_makes_no_sense_is_refused(served: Served) -> None:
    answer = served.get("/debugger/records?disposition=failed")
    assert answer.status_code == 400
    assert "dead_lettered" in answer.text


def test_the_state_is_one_glance(served: Served) -> None:
    engine = served.harness.engine
    engine.tracker.end = 10
    engine.admit(4, JANE)
    engine.admit(5, JOE)
    engine.deliver()
    state = served.get("/debugger/state").json()
    assert (state["ready"], state["state"], state["detail"]) == (True, "ready", "1 partitions")
    assert (state["in_flight"], state["waiting"], state["consumed"]) == (1, 1, 2)
    assert state["gate"]["state"] == "open"
    (partition,) = state["partitions"]
    assert (partition["partition"], partition["lag"], partition["unsettled"]) == ("events-0", 10, 2)


def test_a_halt_is_there_with_its_hint_and_the_next_probe(served: Served) -> None:
    engine = served.harness.engine
    engine.gate.halt(Fault.UNAUTHORIZED, engine.now)
    served.report = Report(good=False, body={"state": "halted", "detail": f"halted: {Fault.UNAUTHORIZED.hint}"})
    state = served.get("/debugger/state").json()
    assert (state["ready"], state["gate"]["state"], state["gate"]["fault"]) == (False, "halted", "unauthorized")
    assert state["gate"]["hint"] == Fault.UNAUTHORIZED.hint
    assert state["gate"]["probe_at"] == pytest.approx(served.harness.now + 30)


def test_rates_are_noted_without_anybody_looking(served: Served) -> None:
    engine = served.harness.engine
    served.state.tick()
    engine.admit(0, JANE)
    engine.answer(engine.deliver(), REJECTED)
    engine.now += 4
    served.state.tick()
    assert served.get("/debugger/state").json()["history"]["waiting"][-1] == 1.0


def test_an_unknown_log_end_offset_means_no_lag(served: Served) -> None:
    served.state.tick()
    assert served.get("/debugger/state").json()["partitions"][0]["lag"] is None
