"""Chaos on a real Kafka: `make chaos`, or `python -m tests.chaos --help`."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from random import Random, SystemRandom
from subprocess import SubprocessError

from confluent_kafka import KafkaException

from tests.chaos.scenarios import SCENARIOS, SHORT, Scenario
from tests.chaos.verdict import Finding, Verdict, judge
from tests.chaos.world import SESSION_MS, World
from tests.kafka.apache import ApacheKafka, Unavailable

PROTOCOLS = ("classic", "consumer")
SHORT_SEED = 1
MOST_SHOWN = 5  # findings of one check


@dataclass(frozen=True, slots=True)
class Run:
    """One scenario with one group protocol."""

    scenario: Scenario
    protocol: str
    seed: int

    def command(self) -> str:
        """Return the command that repeats the run. Timing on the machine may still differ."""
        return f"make chaos ARGS='--seed {self.seed} --scenario {self.scenario.name} --protocol {self.protocol}'"


def main(arguments: Sequence[str]) -> int:
    """Run, print, and give the exit status: 1 where a promise was not kept."""
    options = parse(arguments)
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    try:
        kafka = ApacheKafka(folder, {"group.consumer.session.timeout.ms": str(SESSION_MS)})
    except Unavailable as why:
        say(f"no Apache Kafka: {why}")
        return 1
    kafka.begin()
    done: list[tuple[Run, Verdict]] = []
    try:
        for run in runs(options):
            say(f"== {run.scenario.name}, {run.protocol}, seed {run.seed}")
            verdict = one(run, kafka, folder / f"{len(done)}-{run.scenario.name}-{run.protocol}")
            tell(run, verdict)
            done.append((run, verdict))
    finally:
        kafka.stop()
    say(table(done))
    failed = [run for run, verdict in done if verdict.findings]
    if failed:
        say(f"What the workers and the sandbox said is in {folder}. Again:")
        say("\n".join(f"  {run.command()}" for run in failed))
        return 1
    shutil.rmtree(folder)
    return 0


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    names = {**SCENARIOS, **{each.name: each for each in SHORT}}
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--short", action="store_true", help="the most telling scenarios, with a fixed seed")
    parser.add_argument("--scenario", action="append", choices=names, help="only these; repeatable")
    parser.add_argument("--protocol", action="append", choices=PROTOCOLS, help="only this one; else both")
    parser.add_argument("--seed", type=int, help="of the history and of the faults; else a random one")
    parser.add_argument("--minutes", type=float, default=0.0, help="go on with other seeds for so long")
    options = parser.parse_args(arguments)
    if options.seed is None:
        options.seed = SHORT_SEED if options.short else SystemRandom().randrange(1_000_000)
    chosen = SHORT if options.short else tuple(SCENARIOS.values())
    options.scenarios = [names[name] for name in options.scenario] if options.scenario else chosen
    return options


def runs(options: argparse.Namespace) -> Iterator[Run]:
    """All scenarios with both protocols, once, and then again until the time is over."""
    end = time.monotonic() + options.minutes * 60
    random = Random(options.seed)
    seed = options.seed
    while True:
        for scenario, protocol in product(options.scenarios, options.protocol or PROTOCOLS):
            yield Run(scenario, protocol, seed)
        seed = random.randrange(1_000_000)
        if time.monotonic() >= end:
            return


def one(run: Run, kafka: ApacheKafka, folder: Path) -> Verdict:
    """Run it. An error of the run itself is a finding, too: others are still to come."""
    folder.mkdir()
    world = World(kafka, run.protocol, run.seed, folder, say)
    try:
        world.begin()
        run.scenario.act(world)
        evidence = world.finish()
        strays = [Finding("workers", what) for what in world.fleet.findings]
        return judge(evidence, strays)
    except (AssertionError, OSError, SubprocessError, KafkaException) as error:
        return Verdict(findings=(Finding("run", f"{type(error).__name__}: {str(error)[:1000]}"),))
    finally:
        world.close()


def tell(run: Run, verdict: Verdict) -> None:
    """The findings of one run."""
    shown: dict[str, int] = {}
    for finding in verdict.findings:
        shown[finding.check] = shown.get(finding.check, 0) + 1
        if shown[finding.check] <= MOST_SHOWN:
            say(f"  NOT KEPT  {finding.check}: {finding.what}")
    if shown:
        say(f"  {shown}\n  again: {run.command()}")


def table(done: Sequence[tuple[Run, Verdict]]) -> str:
    """The verdicts, a line each."""
    head = f"{'scenario':30}{'protocol':10}{'seed':>8}"
    numbers = ("produced", "delivered", "filtered", "dead_lettered", "destroyed", "repeats")
    lines = [head + "".join(f"{name:>14}" for name in numbers) + "  verdict"]
    for run, verdict in done:
        line = f"{run.scenario.name:30}{run.protocol:10}{run.seed:8}"
        line += "".join(f"{getattr(verdict, name):14}" for name in numbers)
        lines.append(f"{line}  {f'{len(verdict.findings)} findings' if verdict.findings else 'kept'}")
    return "\n".join(lines)


def say(text: str) -> None:
    """Print, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
