"""The phases: workers join one after another, then each is replaced as by the manifest."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.benchmarks.measure import machine
from tests.rehearsal.story import Act, Setting, Story
from tests.rehearsal.watch import Watch
from tests.rehearsal.world import World
from tests.support.programs import DEPLOY

WORKERS = 4


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds for which each act lasts.

    alone  -- with one worker, and with two: the limit is out of reach
    shared -- with three, and with four
    after  -- with the four that have replaced them
    """

    alone: float = 40.0
    shared: float = 70.0
    after: float = 60.0


def play(setting: Setting, times: Times, folder: Path, say: Callable[[str], object]) -> Story:
    """Rehearse, and tell what was seen."""
    about = machine()
    acts: list[Act] = []
    with World(setting, folder) as world, Watch(world) as watch:

        def act(title: str, workers: int, seconds: float) -> None:
            begin = acts[-1].end if acts else 0.0
            time.sleep(max(0.0, begin + seconds - watch.now))
            acts.append(Act(title, workers, begin, watch.now))

        for place in range(WORKERS):
            say(f"{place + 1} of {WORKERS} workers")
            watch.add(place, world.worker().wait_ready())
            title = f"{place + 1} workers" if place else "1 worker"
            act(title, place + 1, times.alone if place < 2 else times.shared)
        say("each is replaced")
        for place in range(WORKERS):
            assert watch.stop(place) == 0
            watch.add(place, world.worker().wait_ready())
            time.sleep(readiness_period())
        acts.append(Act("rolling restart", WORKERS, acts[-1].end, watch.now, replaces=True))
        act(f"{WORKERS} new workers", WORKERS, times.after)
        for place in range(WORKERS):
            assert watch.stop(place) == 0
    samples = tuple(each for each in watch.samples if each.at <= acts[-1].end)
    assert samples[-1].at > acts[-1].end - 5, "the watch has ended before"
    return Story(about, setting, tuple(acts), watch.lives(), samples, world.taken_twice())


def readiness_period() -> float:
    """Seconds after which Kubernetes, at the latest, knows that a new pod is ready, and ends the next."""
    manifest = yaml.safe_load((DEPLOY / "kubernetes" / "base" / "deployment.yaml").read_text("utf-8"))
    (container,) = manifest["spec"]["template"]["spec"]["containers"]
    return float(container["readinessProbe"]["periodSeconds"])
