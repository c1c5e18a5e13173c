"""The measurements of a load test and its figures. Pure; stored as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import orjson
from pydantic import TypeAdapter

from consumer.commands.sizing import Means

JUDGED = 30.0  # seconds at the end of an act from which its rate is taken: before them, workers find the limit


class Counts(NamedTuple):
    """A worker's counters since its start."""

    settled: int = 0
    answered: int = 0
    refused: int = 0  # of the answers, those with 429


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at everything.

    at      -- seconds since the rehearsal began
    lag     -- records of the topic that are not committed
    workers -- of every worker so far, in the order of `Story.lives`; of one that has gone, its last
    """

    at: float
    lag: int
    workers: tuple[Counts, ...]


@dataclass(frozen=True, slots=True)
class Life:
    """One worker process; times are seconds since the rehearsal began.

    place   -- a replacement has that of its predecessor
    ready   -- when /readyz said so
    stopped -- when it was told to end
    """

    place: int
    ready: float
    stopped: float


@dataclass(frozen=True, slots=True)
class Act:
    """A part of the rehearsal in which so many workers run."""

    title: str
    workers: int
    begin: float
    end: float
    replaces: bool = False  # each is stopped, replaced and ready before the next


@dataclass(frozen=True, slots=True)
class Setting:
    """limit -- requests a second that the sandbox takes; latency -- seconds until its answer; arriving -- sign-ups a
    second; backlog -- sign-ups that wait when it begins
    """

    limit: int = 400
    latency: float = 0.1
    concurrency: int = 16
    partitions: int = 12
    arriving: int = 300
    backlog: int = 24_000

    @property
    def means(self) -> Means:
        """Return the input of `clicksend-consumer sizing`."""
        return Means(self.latency, self.limit, self.concurrency)

    def possible(self, workers: int) -> float:
        """Contacts a second, by the arithmetic of `sizing`."""
        return min(workers * self.means.of_a_worker, self.means.limit)


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one phase.

    rate    -- contacts settled per second at its end; for a rolling restart, over the whole phase
    refused -- share of 429 responses over the whole phase
    lags    -- at its beginning and end
    """

    act: Act
    possible: float
    rate: float
    refused: float
    lags: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Story:
    """A whole rehearsal. twice -- contacts that the sandbox was sent again after it had taken them."""

    machine: dict[str, str]
    setting: Setting
    acts: tuple[Act, ...]
    lives: tuple[Life, ...]
    samples: tuple[Sample, ...]
    twice: int

    def figures(self) -> list[Figures]:
        """Act by act."""
        return [self._figures(act) for act in self.acts]

    def _figures(self, act: Act) -> Figures:
        first, last = self._at(act.begin), self._at(act.end)
        judged = first if act.replaces else self._at(max(act.begin, act.end - JUDGED))
        rate = (total(last).settled - total(judged).settled) / (last.at - judged.at)
        answered = total(last).answered - total(first).answered
        refused = (total(last).refused - total(first).refused) / max(1, answered)
        return Figures(act, self.setting.possible(act.workers), rate, refused, (first.lag, last.lag))

    def _at(self, moment: float) -> Sample:
        return min(self.samples, key=lambda each: abs(each.at - moment))

    def rates(self, place: int) -> list[float]:
        """Contacts settled a second by the workers of a place, between each two samples."""
        numbers = [number for number, life in enumerate(self.lives) if life.place == place]
        return [
            sum(of(after, n).settled - of(before, n).settled for n in numbers) / (after.at - before.at)
            for before, after in pairwise(self.samples)
        ]

    def table(self) -> str:
        """The acts in Markdown, with where and when it was."""
        lines = [
            "| workers | by the formula | settled a second | of it | answered 429 | lag |",
            "|---|---|---|---|---|---|",
        ]
        for each in self.figures():
            lag = " → ".join(f"{number:,}" for number in each.lags)
            share = f"{each.rate / each.possible:.0%}"
            cells = each.act.title, f"{each.possible:.0f}", f"{each.rate:.0f}", share, f"{each.refused:.1%}", lag
            lines.append(f"| {' | '.join(cells)} |")
        where = ", ".join(f"{name} {value}" for name, value in self.machine.items())
        lines += ["", f"Delivered again: {self.twice}. Measured: {where}."]
        return "\n".join(lines) + "\n"

    def saved(self) -> bytes:
        """Return the story as JSON for `load`."""
        return orjson.dumps(self, default=list) + b"\n"  # `Counts` as a list, thousands of times


def load(data: bytes) -> Story:
    """Load the JSON of `Story.saved`."""
    return TypeAdapter(Story).validate_json(data)


def of(sample: Sample, number: int) -> Counts:
    """Return a worker's counters at that time; zero before its start."""
    return sample.workers[number] if number < len(sample.workers) else Counts()


def total(sample: Sample) -> Counts:
    """Return the sum over all workers."""
    return Counts(*map(sum, zip(*sample.workers, strict=True)))
