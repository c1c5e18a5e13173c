"""Events per minute that `explain` reads, explains and writes as JSON: half sign-ups, half browsing events.

    python tests/benchmarks/bench_explain.py [events]

CPU time of this process, beside reading the same lines and parsing them alone. The bound is the product's.
"""

from __future__ import annotations

import io
import sys
import time

import orjson

from consumer.commands.explain.explanation import Explainer
from consumer.commands.explain.reading import events
from consumer.commands.explain.rendering import json_line
from consumer.enrolment.enroller import Enroller
from consumer.enrolment.rules import Rules
from consumer.formats.decider import Decider

BOUND = 100_000  # events a minute


def lines(count: int) -> bytes:
    """Each person has a phone number of their own: no cache can know them."""
    browsing = orjson.dumps({"type": "track", "event": "Product Viewed", "properties": {"sku": "x" * 300}})
    sign_ups = (
        {
            "type": "track",
            "event": "Signed Up",
            "traits": {"email": f"u{number}@example.com", "phone": f"+44 20 {number:08}", "first_name": "Jane"},
        }
        for number in range(count // 2)
    )
    return b"".join(orjson.dumps(sign_up) + b"\n" + browsing + b"\n" for sign_up in sign_ups)


def main(count: int) -> None:
    """Measure and print."""
    explainer = Explainer(Decider(Enroller(Rules.of())), 0, None)
    content = lines(count)
    began = time.process_time()
    parsed = [orjson.loads(line) for line in io.BytesIO(content)]
    baseline = time.process_time() - began
    began = time.process_time()
    out = io.StringIO()
    for event in events(io.BytesIO(content)):
        out.writelines(map(json_line, explainer.explanations(event.source, event.value)))
    taken = time.process_time() - began
    rate = len(parsed) / taken * 60
    ratio = f"{taken / baseline:.1f} x parsing alone"
    sys.stdout.write(f"explain: {rate:,.0f} events a minute of CPU ({ratio}); bound {BOUND:,}\n")
    if rate < BOUND:
        sys.exit("below the bound")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40_000)
