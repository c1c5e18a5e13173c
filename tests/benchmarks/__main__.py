"""The benchmarks of the whole worker: a real Kafka, the worker as a process, a sink that costs next to nothing.

python -m tests.benchmarks [--only NAME ...] [--long] [--ci] [--json FILE] [--readme FILE]
python -m tests.benchmarks --compare A.json B.json
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.cases import CASES, Case
from tests.benchmarks.figures import Figure, compare, save, shown, table
from tests.benchmarks.limits import LIMITS, exceeded
from tests.benchmarks.measure import machine
from tests.benchmarks.rig import Rig, Size
from tests.benchmarks.sink import Sink
from tests.kafka.apache import ApacheKafka

FULL = Size()
SHORT = Size(contacts=0.4, browsing=100_000)


def main() -> int:
    """Run and print. 1: a case came to no end, or a limit was exceeded."""
    asked = _arguments()
    if asked.compare:
        say(compare(*asked.compare))
        return 0
    size = SHORT if asked.ci else FULL
    if asked.browsing:
        size = Size(size.contacts, asked.browsing)
    about = machine()
    figures: list[Figure] = []
    failures: list[str] = []
    with _rig() as rig:
        for case in _chosen(asked):
            sys.stderr.write(f"{case.name} ...\n")
            try:
                figures += case.measure(rig, size)
            except TimeoutError as error:  # the other cases are worth having
                failures.append(f"{case.name}: {error}")
    say(table(figures, about))
    if asked.json:
        save(asked.json, figures, about)
    if asked.readme:
        block = f"```\n{table(figures, about)}\n```\n"
        asked.readme.write_text(shown(asked.readme.read_text("utf-8"), "bench", block), "utf-8")
    failures += exceeded(figures) if asked.ci else []
    sys.stderr.write("".join(f"{failure}\n" for failure in failures))
    return 1 if failures else 0


def say(text: str) -> None:
    """On stdout."""
    sys.stdout.write(f"{text}\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=[case.name for case in CASES], default=[], help="these cases")
    parser.add_argument("--long", action="store_true", help="also the cases that take minutes")
    parser.add_argument("--ci", action="store_true", help="under a minute; fails where a ratio exceeds its limit")
    parser.add_argument("--browsing", type=int, metavar="RECORDS", help=f"of the browsing case ({FULL.browsing})")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the figures, for --compare")
    parser.add_argument("--readme", type=Path, metavar="FILE", help="put the table into the README")
    parser.add_argument("--compare", nargs=2, type=Path, metavar=("A", "B"), help="two such files side by side")
    return parser.parse_args()


def _chosen(asked: argparse.Namespace) -> list[Case]:
    if asked.only:
        return [case for case in CASES if case.name in asked.only]
    if asked.ci:
        return [case for case in CASES if case.name in {name for name, _ in LIMITS}]
    return [case for case in CASES if asked.long or not case.long]


@contextmanager
def _rig() -> Iterator[Rig]:
    """The sink comes first: it is forked, and librdkafka does not bear that."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, Sink() as sink:
        kafka = ApacheKafka(Path(folder))
        kafka.begin()
        try:
            yield Rig(kafka, sink, Path(folder))
        finally:
            kafka.kill()


if __name__ == "__main__":
    sys.exit(main())
