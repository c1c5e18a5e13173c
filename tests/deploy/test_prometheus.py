"""A real Prometheus scrapes a real worker that delivers, fails, retries and halts, with time sped up 60-fold."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest
import trustme

from consumer.sandbox.faults import Rule
from consumer.sandbox.server import Sandbox
from tests.deploy import dashboards, manifests, rules
from tests.deploy.prometheus_server import PrometheusServer
from tests.docs.documents import MANUAL
from tests.kafka.in_process import InProcess
from tests.support.certificates import issue
from tests.support.events import page_view, sign_up
from tests.support.http import get
from tests.support.programs import DEPLOY, run
from tests.support.stage import Stage
from tests.support.worker_process import WorkerProcess

# The run that all tests share takes a minute and a half on an idle machine.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


@dataclass(frozen=True)
class Run:
    """A run that is over, but for its Prometheus."""

    prometheus: PrometheusServer
    started_at: float
    expositions: tuple[str, ...]
    fired: frozenset[str]


def _play(stage: Stage, worker: WorkerProcess, prometheus: PrometheusServer) -> None:
    """Run the events in order, each until its expected alerts fire."""

    def fired(*alerts: str) -> bool:
        return {f"Clicksend{name}" for name in alerts} <= prometheus.fired()

    def late() -> bool:
        produce_old(stage, minutes=2)
        return fired("FreshnessBurnsFast")

    prometheus.wait(lambda: prometheus.query("sum(clicksend_consumer_assigned_partitions) == 4"))
    stage.faults(
        Rule(status=429, code="TOO_MANY_REQUESTS", retry_after=1, times=2),
        Rule(status=400, code="ALREADY_EXISTS", times=1),
    )
    stage.produce(*(sign_up(number) for number in range(40)), *[page_view()] * 20, raw=[b"{"] * 10)
    worker.wait(lambda: worker.settled() == 70)
    prometheus.wait(lambda: fired("DeadLetterRate", "ContactsExist"))
    prometheus.wait(late)
    stage.faults(Rule(status=429, code="TOO_MANY_REQUESTS"))
    stage.produce(*(sign_up(number) for number in range(40, 60)))
    prometheus.wait(lambda: fired("Throttled"))
    stage.faults(Rule(status=500))
    prometheus.wait(lambda: fired("BreakerOpen"))
    stage.faults()
    worker.wait(lambda: stage.lag() == 0)
    stage.faults(Rule(status=401))
    produce_old(stage, minutes=4 * 24 * 60)
    stage.produce(*(sign_up(number) for number in range(60, 80)))
    prometheus.wait(lambda: fired("Halted", "OldestRecordWaits", "RetentionRisk", "CertificateExpires"))


def with_certificate(stage: Stage) -> WorkerProcess:
    """A worker with a client certificate for a broker that does not speak TLS: it waits for it."""
    certificate = issue(trustme.CA(), stage.folder, "expires-soon", days=10)
    return stage.worker(KAFKA_SECURITY_PROTOCOL="ssl", **certificate.variables())


def produce_old(stage: Stage, minutes: int) -> None:
    """A sign-up whose record is so old."""
    stage.produce_raw(orjson.dumps(sign_up(0)), timestamp=int((time.time() - minutes * 60) * 1000))


@pytest.fixture(scope="module")
def watched(in_process_broker: InProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("prometheus")
    with Sandbox() as sandbox:
        stage = Stage(in_process_broker, "consumer", sandbox, folder)
        # Traces go to nobody: their metric is there.
        traced = stage.worker(RETRY_MAX_DELAY="1", OTEL_TRACES_EXPORTER="otlp")
        with traced as worker, with_certificate(stage) as waiting:
            targets = [each.address().removeprefix("http://") for each in (worker, waiting)]
            text = rules.compressed(rules.RULES.read_text("utf-8"))
            began = time.time()
            with PrometheusServer(folder, text, targets) as prometheus:
                _play(stage, worker, prometheus)
                expositions = tuple(get(f"http://{target}/metrics")[1] for target in targets)
                worker.kill()
                waiting.kill()
                prometheus.wait(lambda: "ClicksendWorkersAbsent" in prometheus.firing())
                yield Run(prometheus, began, expositions, frozenset(prometheus.fired()))


def test_the_alerts_that_must_fire_fire_and_no_others(watched: Run) -> None:
    must = {"DeadLetterRate", "ContactsExist", "FreshnessBurnsFast", "Throttled", "BreakerOpen", "Halted"}
    must |= {"OldestRecordWaits", "RetentionRisk", "WorkersAbsent", "CertificateExpires"}
    may = {"FreshnessBurnsSlowly"}  # if the run takes long enough
    fired = {name.removeprefix("Clicksend") for name in watched.fired}
    assert must <= fired <= must | may


@pytest.mark.parametrize("rule", rules.rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_each_rule_finds_what_it_measures(watched: Run, rule: rules.Rule) -> None:
    expression = rules.measured(rule["expr"]) if "alert" in rule else rule["expr"]
    values = watched.prometheus.history(rules.compressed(expression), watched.started_at)
    assert values
    assert all(math.isfinite(value) for value in values)


def test_the_metrics_are_as_prometheus_would_have_them(watched: Run) -> None:
    for exposition in watched.expositions:
        run("promtool", "check", "metrics", text=exposition)


@pytest.mark.parametrize("query", dashboards.queries(), ids=str)
def test_each_query_of_the_dashboards_finds_what_it_shows(watched: Run, query: dashboards.Query) -> None:
    """A quantile of no requests at all is NaN, which Grafana leaves out; but not all the time."""
    values = watched.prometheus.history(rules.compressed(query.filled_in()), watched.started_at)
    assert any(math.isfinite(value) for value in values)
    assert not any(math.isinf(value) for value in values)


def test_the_autoscaler_sees_the_gate_open_and_closed(watched: Run) -> None:
    triggers = manifests.one(manifests.rendered("prod"), "ScaledObject")["spec"]["triggers"]
    (query,) = [each["metadata"]["query"] for each in triggers if each["type"] == "prometheus"]
    query = query.replace('namespace="clicksend"', 'namespace="n"')
    assert {0, 1} <= set(watched.prometheus.history(rules.compressed(query), watched.started_at))


@pytest.mark.parametrize("path", [*DEPLOY.rglob("*.yaml"), *DEPLOY.rglob("*.json"), *MANUAL], ids=str)
def test_each_metric_that_is_named_anywhere_is_among_the_workers(watched: Run, path: Path) -> None:
    exported = {name for exposition in watched.expositions for name in rules.metric_names(exposition)}
    assert set(rules.metric_names(path.read_text("utf-8"))) <= exported
