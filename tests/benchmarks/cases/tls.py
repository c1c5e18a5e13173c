"""Cost of TLS: the same contacts to the same sink, alternating HTTPS and HTTP. Production uses HTTPS."""

from __future__ import annotations

from tests.benchmarks.contenders import Contender
from tests.benchmarks.events import sign_up
from tests.benchmarks.figures import Figure
from tests.benchmarks.rig import Rig, Size, Span
from tests.benchmarks.rounds import alternate, beside, medians
from tests.benchmarks.sink_plan import Plan

IN_FLIGHT = 64
DELAY = 0.1


def measure(rig: Rig, size: Size) -> list[Figure]:
    """64 in flight, answers after 100 ms."""
    count = size.of(3200)
    topic = rig.fill(rig.topic(), map(sign_up, range(count)))
    by_https = {"CLICKSEND_BASE_URL": rig.sink.tls_url, "CLICKSEND_CA_FILE": str(rig.sink.ca_file)}

    def deliver(contender: Contender, more: dict[str, str]) -> Span:
        with rig.delivering(Plan.of(DELAY), topic, IN_FLIGHT, contender, more) as pid:
            return rig.follow(pid, count, IN_FLIGHT)

    spans = alternate(rig.contenders, size.rounds, lambda each: (deliver(each, by_https), deliver(each, {})))
    costs = medians(spans, lambda pair: pair[0].cpu_us)
    plain = medians(spans, lambda pair: pair[1].cpu_us)
    ratios = medians(spans, lambda pair: pair[0].cpu_us / pair[1].cpu_us)
    return [
        Figure("tls", "CPU a contact", costs["worker"], "us", plain["worker"], "plain http"),
        *beside("tls", "CPU a contact", "us", costs),
        *beside("tls", "CPU by https over http", "x", ratios),
    ]
