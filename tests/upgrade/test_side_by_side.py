"""Workers of the previous release and of this one in one group, on a real Kafka: an upgrade, and the way back."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from consumer.sandbox.faults import Rule
from consumer.sandbox.options import SandboxOptions
from consumer.sandbox.server import Sandbox
from tests.kafka.apache import ApacheKafka
from tests.support.events import identify, sign_up
from tests.support.stage import Stage
from tests.support.waiting import HANG_SECONDS, wait_until
from tests.support.worker_process import COMMAND, WorkerProcess
from tests.upgrade.previous import NoPreviousReleaseError, install, last_commit

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

CONTACTS = 40
LISTS = range(1, 9)  # each worker has a list of its own: the sandbox's log says then who sent a request
OLD, NEW = "old", "new"
UNREADABLE = "commit metadata unreadable, ignored"


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, ...]]:
    """`run` of both releases."""
    if os.environ.get("CI"):
        pytest.skip("never in CI: it installs a former release from the package index")
    try:
        program = install(last_commit(), tmp_path_factory.mktemp("previous"))
    except NoPreviousReleaseError as why:
        pytest.skip(f"no previous release: {why}")
    return {OLD: (str(program), "run"), NEW: COMMAND}


@pytest.fixture(params=["classic", "consumer"])
def stage(request: pytest.FixtureRequest, kafka_from_jars: ApacheKafka, tmp_path: Path) -> Iterator[Stage]:
    with Sandbox(SandboxOptions(list_ids=tuple(LISTS), max_requests=100_000)) as sandbox:
        yield Stage(kafka_from_jars, request.param, sandbox, tmp_path)


class Fleet:
    """Workers of both releases in one group, and a load that goes on while they come and go."""

    def __init__(self, stage: Stage, commands: dict[str, tuple[str, ...]], stack: ExitStack) -> None:
        self._stage = stage
        self._commands = commands
        self._stack = stack
        self._lists = iter(LISTS)
        self._variables = {**stage.variables(), **stage.miss_soon(), "DELIVERY_CONCURRENCY": "8"}
        self.rounds = 0  # of the load: each has one event of every contact

    def start(self, release: str) -> WorkerProcess:
        """Start a worker, and wait until it has settled records."""
        number = next(self._lists)
        variables = {**self._variables, "CLICKSEND_LIST_ID": str(number)}
        log = self._stage.folder / f"{release}-{number}.log"
        worker = self._stack.enter_context(WorkerProcess(variables, log, self._commands[release]))
        worker.wait(lambda: self._goes_on() and self._sent(number))
        return worker

    def load(self, rounds: int) -> None:
        """Put so many further events of each contact on the topic."""
        for number in range(self.rounds, self.rounds + rounds):
            self._stage.produce(*(identify(contact, last_name=f"{number:04}") for contact in range(CONTACTS)))
        self.rounds += rounds

    def _goes_on(self) -> bool:
        self.load(1)
        return True

    def _sent(self, number: int) -> bool:
        return any(f"/lists/{number}/" in entry.path for entry in self._stage.sandbox.requests())


def stored(stage: Stage) -> Iterator[tuple[str, str, str]]:
    """Yield list, contact and version of each delivery, in order."""
    for entry in sorted(stage.sandbox.requests(), key=lambda each: each.number):
        if entry.stored is not None and isinstance(entry.contact, dict):
            yield entry.path, entry.contact["email"], entry.contact["last_name"]


def test_an_upgrade_and_the_way_back_under_load_lose_nothing_and_keep_each_owners_order(
    stage: Stage, commands: dict[str, tuple[str, ...]]
) -> None:
    stage.faults(Rule(delay=0.02))
    with ExitStack() as stack:
        fleet = Fleet(stage, commands, stack)
        first, second = fleet.start(OLD), fleet.start(OLD)
        third = fleet.start(NEW)  # both releases in one group
        assert first.stop() == 0
        fleet.load(3)
        second.kill()  # in the midst of its requests
        fourth = fleet.start(NEW)
        fleet.load(3)
        third.kill()
        fifth = fleet.start(OLD)  # the way back
        assert fourth.stop() == 0
        wait_until(lambda: stage.lag() == 0, fifth.output, seconds=HANG_SECONDS)
        assert fifth.stop() == 0
    delivered = list(stored(stage))
    wanted = {
        (f"u{contact}@example.com", f"{number:04}") for contact in range(CONTACTS) for number in range(fleet.rounds)
    }
    assert {(contact, version) for _, contact, version in delivered} == wanted
    assert {contact: version for _, contact, version in delivered} == {
        f"u{contact}@example.com": f"{fleet.rounds - 1:04}" for contact in range(CONTACTS)
    }
    for _, owned in itertools.groupby(sorted(delivered, key=lambda each: each[:2]), key=lambda each: each[:2]):
        versions = [version for _, _, version in owned]
        assert versions == sorted(versions), "one owner sends the versions of a contact in order"
    assert stage.dead_letters() == []


@pytest.mark.parametrize(("before", "after"), [(OLD, NEW), (NEW, OLD)])
def test_what_one_release_committed_as_settled_the_other_repeats_only_with_a_warning(
    stage: Stage, commands: dict[str, tuple[str, ...]], before: str, after: str
) -> None:
    stage.faults(Rule(contact=("u0@example.com",), status=503), Rule(delay=0.05))
    stage.produce(*[sign_up(number) for number in range(400)])
    variables = {**stage.variables(), **stage.miss_soon(), "CLICKSEND_LIST_ID": "1", "DELIVERY_CONCURRENCY": "8"}
    with WorkerProcess(variables, stage.folder / "before.log", commands[before]) as worker:
        worker.wait(lambda: all(stage.settled_by_commit()))
        worker.kill()
    delivered = len(stage.payloads())
    below, beyond = stage.settled_by_commit()
    stage.faults()
    with WorkerProcess(variables, stage.folder / "after.log", commands[after]) as worker:
        worker.wait(lambda: stage.enrolled() == 400)
        worker.wait(lambda: stage.lag() == 0)
        again = {payload["email"] for payload in stage.payloads()[delivered:]}
        assert not again & below
        assert not again & beyond or UNREADABLE in worker.output()
        assert worker.stop() == 0
