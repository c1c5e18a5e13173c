"""Benchmarks of the whole worker: a real Kafka, the worker as a process, a sink of negligible cost.

Each contender (this worker, the Go floor, the worker of another revision) is measured in turns; figures are medians.

python -m tests.benchmarks [--only NAME ...] [--against REV] [--rounds N] [--long] [--ci] [--json FILE] [--readme]
python -m tests.benchmarks --only soak [--minutes M] [--rate CONTACTS]
python -m tests.benchmarks --compare A.json B.json
"""

from __future__ import annotations

import argparse
import compileall
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from tests.benchmarks.cases import CASES, Case
from tests.benchmarks.contenders import NO_GO_FLOOR, ROOT, WORKER, checkout, go_floor
from tests.benchmarks.figures import Figure, compare, save, shown, table, without_repeats
from tests.benchmarks.limits import LIMITS, exceeded, soak_failures
from tests.benchmarks.measure import machine
from tests.benchmarks.rig import Rig, Size
from tests.benchmarks.sink import Sink
from tests.kafka.apache import ApacheKafka

README = Path(__file__).parent / "README.md"
FULL = Size()
SHORT = Size(contacts=0.4, browsing=100_000, rounds=1)


def main() -> int:
    """Run and print. 1: a case came to no end, or a limit was exceeded."""
    arguments = _arguments()
    if arguments.compare:
        say(compare(*arguments.compare))
        return 0
    size = _size(arguments)
    if go_floor() is None and not arguments.ci:
        sys.stderr.write(f"{NO_GO_FLOOR}\n")
    about = machine()
    figures: list[Figure] = []
    failures: list[str] = []
    with _rig(arguments) as rig:
        for case in _chosen(arguments):
            sys.stderr.write(f"{case.name} ...\n")
            try:
                figures += case.measure(rig, size)
            except (TimeoutError, AssertionError) as error:  # the other cases are worth having
                failures.append(f"{case.name}: {error}")
    figures = without_repeats(figures)
    say(table(figures, about))
    if arguments.json:
        save(arguments.json, figures, about)
    if arguments.readme:
        block = f"```\n{table(figures, about)}\n```\n"
        README.write_text(shown(README.read_text("utf-8"), "bench", block), "utf-8")
    failures += (exceeded(figures) if arguments.ci else []) + soak_failures(figures)
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
    parser.add_argument("--ci", action="store_true", help="a minute or two; fails where a ratio exceeds its limit")
    parser.add_argument("--against", metavar="REV", help="also the worker of another revision, in the same rounds")
    parser.add_argument("--rounds", type=int, metavar="N", help=f"turns of each contender ({FULL.rounds})")
    parser.add_argument("--contacts", type=float, metavar="SHARE", help="of the usual number of contacts (1)")
    parser.add_argument("--minutes", type=float, metavar="M", help=f"of the soak ({FULL.minutes:g})")
    parser.add_argument("--rate", type=int, metavar="N", help=f"contacts a second of the soak ({FULL.rate})")
    parser.add_argument("--browsing", type=int, metavar="RECORDS", help=f"of the browsing case ({FULL.browsing})")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the figures, for --compare")
    parser.add_argument("--readme", action="store_true", help="write the table into tests/benchmarks/README.md")
    parser.add_argument("--compare", nargs=2, type=Path, metavar=("A", "B"), help="two such files side by side")
    return parser.parse_args()


def _size(arguments: argparse.Namespace) -> Size:
    given = {name: getattr(arguments, name) for name in ("contacts", "browsing", "rounds", "minutes", "rate")}
    changes = {name: value for name, value in given.items() if value is not None}
    return replace(SHORT if arguments.ci else FULL, **changes)


def _chosen(arguments: argparse.Namespace) -> list[Case]:
    if arguments.only:
        return [case for case in CASES if case.name in arguments.only]
    if arguments.ci:
        return [case for case in CASES if case.name in {name for name, *_ in LIMITS}]
    return [case for case in CASES if not case.by_name and (arguments.long or not case.long)]


@contextmanager
def _rig(arguments: argparse.Namespace) -> Iterator[Rig]:
    """The sink comes first: it is forked, and librdkafka does not bear that."""
    trees = {WORKER.name: ROOT}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        sink = stack.enter_context(Sink(folder))
        if arguments.against:
            name, tree = stack.enter_context(checkout(arguments.against))
            trees[name] = tree
        for tree in trees.values():
            compileall.compile_dir(tree / "consumer", quiet=1)  # as in the image
        kafka = ApacheKafka(folder)
        kafka.begin()
        stack.callback(kafka.kill)
        contenders = () if arguments.ci else filter(None, [go_floor()])
        yield Rig(kafka, sink, folder, trees, tuple(contenders))


if __name__ == "__main__":
    sys.exit(main())
