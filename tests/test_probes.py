"""/readyz and the gate: only a halt makes a worker unready."""

from __future__ import annotations

from consumer.app import Probes
from consumer.clicksend.fault import Fault
from consumer.monitoring.health import Health
from tests.support.engine import Engine
from tests.support.outcomes import DOWN, asked_to_wait
from tests.support.records import JANE, JOE, KIM


def probes(engine: Engine) -> Probes:
    """Return the probes of a worker that is ready except for its gate."""
    health = Health(engine.now)
    health.reachable, health.assigned = True, 1
    return Probes(health, engine.scheduler, max_poll_interval=300, clock=lambda: engine.now)


def test_an_open_gate_is_named() -> None:
    report = probes(Engine()).ready()
    assert report.good
    assert report.body["gate"] == "open"
    assert report.body["gate_detail"] == "nothing holds requests back"
    assert "gate_seconds" not in report.body


def test_a_limited_gate_reports_the_remaining_time_and_stays_ready() -> None:
    engine = Engine()
    engine.admit(0, JANE)
    engine.deliver_and_answer(asked_to_wait(20, 429))
    report = probes(engine).ready()
    assert report.good
    assert (report.body["gate"], report.body["gate_seconds"]) == ("limited", 20)
    assert "Retry-After" in str(report.body["gate_detail"])


def test_an_outage_leaves_it_ready() -> None:
    engine = Engine()
    for number, identity in enumerate([JANE, JOE, KIM, "a@example.com", "b@example.com"]):
        engine.admit(number, identity)
    for sent in [engine.deliver() for _ in range(5)]:
        engine.answer(sent, DOWN)
    report = probes(engine).ready()
    assert report.good
    assert report.body["gate"] == "breaker"


def test_a_halted_worker_is_not_ready_and_names_the_fix() -> None:
    engine = Engine()
    engine.gate.halt(Fault.UNAUTHORIZED, engine.now)
    report = probes(engine).ready()
    assert not report.good
    assert (report.body["state"], report.body["gate"]) == ("halted", "halted")
    assert Fault.UNAUTHORIZED.hint in str(report.body["detail"])
