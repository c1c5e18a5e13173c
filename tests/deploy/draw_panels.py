"""The pictures of the dashboards in deploy/README.md: the committed panels, drawn from a live run of six minutes.

    python -m tests.deploy.draw_panels .github

A real Kafka, two workers, a real Prometheus with the rules, and a ClickSend that goes wrong by a timetable. It is our
drawing, in the manner of Grafana, not Grafana's. As in the tests, a minute of the rules' and queries' windows is a
second.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from playwright.sync_api import ViewportSize

from consumer.sandbox.faults import Rule
from consumer.sandbox.limiter import RateLimit
from consumer.sandbox.options import SandboxOptions
from consumer.sandbox.server import Sandbox
from tests.browser.chromium import chromium
from tests.deploy import rules
from tests.deploy.dashboards import Json, dashboard, queries_of
from tests.deploy.drawing.graph import Series
from tests.deploy.drawing.page import WIDTH, page
from tests.deploy.drawing.scale import Window
from tests.deploy.prometheus_server import PrometheusServer
from tests.kafka.apache import ApacheKafka
from tests.support.events import Event, identify, page_view
from tests.support.programs import DEPLOY
from tests.support.stage import Stage

BOARDS = ("service-level", "clicksend")
SHARPNESS = 1.5  # pixels of the picture for one of the page

# The timetable, in seconds. Before `CALM` it is not shown: there is nothing to take a rate of.
CALM, CAMPAIGN, CAMPAIGN_ENDS, OUTAGE, OUTAGE_ENDS, HALT, END = 20, 80, 110, 170, 245, 320, 395
LIMIT = "25/s"  # of the ClickSend account
SIGN_UPS, SIGN_UPS_OF_A_CAMPAIGN, PAGE_VIEWS = 6, 45, 15  # a second
REJECTED_EVERY = 100  # sign-ups, one of which ClickSend refuses

FAULTS = (
    Rule(after=HALT, status=401, code="UNAUTHORIZED"),
    Rule(after=OUTAGE, until=OUTAGE_ENDS, status=503, code="SERVICE_UNAVAILABLE"),
    Rule(contact=("rejected-*",), status=400, code="BAD_REQUEST"),
)

# As a scrape each second makes it: four of them, as Grafana has it where a graph has more pixels than scrapes.
RATE_INTERVAL = "4s"

Answers = list[list[Series]]


def tenth(number: int, a_second: int) -> int:
    """Return the share of a rate per second that falls into one tenth of a second."""
    return (number + 1) * a_second // 10 - number * a_second // 10


def person(number: int) -> Event:
    """A sign-up of somebody new; ClickSend refuses one in so many."""
    name = "rejected" if number % REJECTED_EVERY == 0 else "u"
    return identify(number, email=f"{name}-{number}@example.com")


@contextmanager
def crowd(stage: Stage) -> Iterator[None]:
    """Visitors who come until the block ends."""
    over = threading.Event()
    began = time.monotonic()

    def come() -> None:
        people = itertools.count()
        for number in itertools.count():
            campaign = CAMPAIGN <= time.monotonic() - began < CAMPAIGN_ENDS
            new = tenth(number, SIGN_UPS_OF_A_CAMPAIGN if campaign else SIGN_UPS)
            events = [*map(person, itertools.islice(people, new)), *[page_view()] * tenth(number, PAGE_VIEWS)]
            stage.produce(*events)
            if over.wait(began + number / 10 - time.monotonic()):
                return

    thread = threading.Thread(target=come, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def answers(prometheus: PrometheusServer, board: Json, window: Window) -> Answers:
    """Return Prometheus' response to each query of each panel."""

    def of(panel: Json) -> Iterator[Series]:
        for query in queries_of(panel):
            expression = rules.compressed(query.filled_in(RATE_INTERVAL))
            for found in prometheus.range(expression, window.start, window.end):
                points = [(float(at), float(value)) for at, value in found["values"]]
                yield Series(query.name(found["metric"]), points)

    return [list(of(panel)) for panel in board["panels"]]


def play(boards: Sequence[Json], folder: Path) -> tuple[Window, list[Answers]]:
    """Let it all happen; gives the time that is to be shown, and the answers for each dashboard."""
    kafka = ApacheKafka(folder)
    kafka.begin()
    try:
        return perform(kafka, boards, folder)
    finally:
        kafka.stop()


def perform(kafka: ApacheKafka, boards: Sequence[Json], folder: Path) -> tuple[Window, list[Answers]]:
    """The same, on a Kafka that runs."""
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox(SandboxOptions(rate_limit=RateLimit.of(LIMIT))))
        stage = Stage(kafka, "classic", sandbox, folder)
        patience = {"RETRY_MAX_DELAY": "5", "DELIVERY_PROBE_INTERVAL": "5"}
        workers = [stack.enter_context(stage.worker(**patience)).wait_ready() for _ in range(2)]
        targets = [worker.address().removeprefix("http://") for worker in workers]
        text = rules.compressed(rules.RULES.read_text("utf-8"))
        prometheus = stack.enter_context(PrometheusServer(folder, text, targets))
        began = time.time()
        stage.faults(*FAULTS)
        with crowd(stage):
            time.sleep(END)
            window = Window(began + CALM, time.time(), 1)
            return window, [answers(prometheus, board, window) for board in boards]


def main(target: Path) -> None:
    """Play, draw, and take the pictures."""
    boards = [dashboard(DEPLOY / "grafana" / f"{name}.json") for name in BOARDS]
    with tempfile.TemporaryDirectory() as folder:
        window, found = play(boards, Path(folder))
    with chromium() as browser:
        view = browser.new_page(viewport=ViewportSize(width=WIDTH, height=100), device_scale_factor=SHARPNESS)
        for name, board, each in zip(BOARDS, boards, found, strict=True):
            view.set_content(page(board, each, window))
            view.screenshot(path=target / f"{name}.png", full_page=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
