"""A topic as it is: mostly browsing events, 1 % enrolments. Against consume(500), orjson.loads, a look at the name."""

from __future__ import annotations

from tests.benchmarks.events import ENROLMENT_SHARE, browsing
from tests.benchmarks.figures import Figure
from tests.benchmarks.measure import peak_rss
from tests.benchmarks.rig import Rig, Size
from tests.benchmarks.sink import Plan

LOOP = "consume + orjson"


def measure(rig: Rig, size: Size) -> list[Figure]:
    """How fast the records go by, at which cost, and in how much memory."""
    topic = rig.fill(rig.topic(), browsing(size.browsing))
    rig.sink.follow(Plan())
    enrolments = size.browsing // ENROLMENT_SHARE
    with rig.worker(topic, 16) as worker:
        span = rig.follow(worker.process.pid, enrolments)
        rig.wait(lambda: rig.sink.stored >= enrolments, f"{enrolments} contacts")
        memory = peak_rss(worker.process.pid)
    records = span.contacts * ENROLMENT_SHARE
    loop = rig.baseline_result("consume", rig.bootstrap, topic, size.browsing)
    cpu_us, of_the_loop = (cpu / number * 1e6 for cpu, number in ((span.cpu, records), (loop["cpu"], loop["records"])))
    return [
        Figure("browsing", "records a CPU second", 1e6 / cpu_us, "/s", 1e6 / of_the_loop, LOOP),
        Figure("browsing", "records a second", records / span.seconds, "/s", loop["records"] / loop["seconds"], LOOP),
        Figure("browsing", "CPU a record", cpu_us, "us", of_the_loop, LOOP),
        Figure("browsing", "peak memory", memory, "MiB", loop["memory"], LOOP),
    ]
