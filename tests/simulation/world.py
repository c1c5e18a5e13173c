"""One run: create a world from its seed, run its events, let it settle, and check it."""

from __future__ import annotations

import random as global_random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from consumer.scheduling.offset_map import encode
from consumer.worker.worker import Ending
from tests.simulation.batches import Batches
from tests.simulation.cluster import Away, Cluster, Key, Topic
from tests.simulation.consumer import FakeConsumer
from tests.simulation.group import Group, Stored
from tests.simulation.hub import START, Hub, SpinningError
from tests.simulation.member import Member, Outside
from tests.simulation.records import EVENTS, Kind, Person, Records
from tests.simulation.scenario import Deed, Event, Scenario
from tests.simulation.sink import Sink, Weather
from tests.simulation.sink import Temper as ContactTemper
from tests.simulation.watch import Violation, Watch, Watching

RESUME_SECONDS = 25.0  # after the last fault something is settled again: longest back-off, Retry-After, probe, session
REST_SECONDS = 150.0  # and by then, everything
END_SECONDS = 30.0  # for the workers to end after that
LATE = 10  # contacts that come in the seconds after the last fault
LOOK_SECONDS = 0.5  # between two looks at the counts
FOREIGN_TOPIC = bytes(range(16)) + b"else"  # of another cluster


@dataclass(frozen=True, slots=True)
class Run:
    """The result of a run."""

    seed: int
    violations: list[Violation]
    history: list[str]
    crashes: list[BaseException]
    records: int
    posts: int
    duplicates: int
    virtual_seconds: float
    switches: int


class World:
    """Made from a seed alone."""

    def __init__(self, seed: int, watching: Watching) -> None:
        self._seed = seed
        random = Random(seed)
        self.scenario = scenario = Scenario.of(random)
        self._random = random
        self._hub = hub = Hub(random, scenario.restlessness)
        self.watch = watch = Watch(hub, watching)
        self._cluster = cluster = Cluster(hub, scenario.temper)
        cluster.topics[EVENTS] = Topic(EVENTS, scenario.partitions, 1)
        cluster.on_dead_letter = watch.batches.dead_letter_arrived
        self._group = watch.group = Group(cluster, EVENTS, scenario.session, watch)
        phones = 2 if scenario.share_phones else 1  # of neighbours, who may be in different partitions
        people = [Person(number, number // phones, temper, random) for number, temper in enumerate(scenario.people)]
        self._batches = batches = Batches(seed)
        self._records = watch.records = Records(cluster, scenario.partitions, people, random, batches)
        impatient = scenario.setup.policy.max_age > 0
        watch.troubled = frozenset(each.name for each in people if impatient or each.temper is not ContactTemper.FINE)
        self._sink = Sink(hub, scenario.manners, {each.name: each.temper for each in people}, watch)
        self._outside = Outside(hub, cluster, self._group, self._sink, watch, batches.seconds)
        self._members: list[Member] = []
        self._calm = False
        self._ending = False

    def run(self) -> Run:
        """From the first record to the end of the last worker."""
        state = global_random.getstate()
        global_random.seed(self._seed)  # tenacity's waits draw from it
        try:
            self._live()
        except SpinningError as error:
            self.watch.violated("spin", f"{error} goes on without time")
        finally:
            self._hub.bury([member.process for member in self._members])
            global_random.setstate(state)
        watch = self.watch
        return Run(
            self._seed,
            watch.violations,
            watch.history,
            watch.crashes,
            len(self._records.all),
            watch.posts,
            watch.duplicates,
            self._hub.now - START,
            self._hub.switches,
        )

    def _live(self) -> None:
        hub, scenario = self._hub, self.scenario
        if scenario.foreign_map:
            self._group.stored[EVENTS, 0] = Stored(0, encode(FOREIGN_TOPIC, 0, 30, []))
        for at in scenario.productions:
            hub.at(START + at, self._produce)
        for event in scenario.events:
            hub.at(START + event.at, self._perform(event))
        for _ in range(scenario.workers):
            hub.after(self._random.random() * 2, self._join)
        hub.at(START + scenario.calm_at, self._calm_down)
        hub.after(LOOK_SECONDS, self._look)
        if not self._run_until(self._at_rest, scenario.calm_at + REST_SECONDS + self._batches.rest_seconds):
            self.watch.violated("rest", self._unrest())
        if self.watch.violations:
            return
        self._outcome_policy()
        self._ending = True
        stopped = [member for member in self._members if member.alive]
        for member in stopped:
            member.stop()
        if not self._run_until(self._all_ended, hub.now - START + END_SECONDS):
            self.watch.violated("end", f"{[each.name for each in self._members if each.alive]} don't end")
        for member in stopped:
            if member.ending not in (Ending.DRAINED, None):
                self.watch.violated("end", f"{member.name} ended {member.ending}, with nothing wrong")

    def _run_until(self, reached: Callable[[], bool], seconds: float) -> bool:
        """Return whether the run reaches this state without a violation within these seconds from the start."""
        hub, violations = self._hub, self.watch.violations
        end = START + seconds
        hub.run(lambda: bool(violations) or hub.now > end or reached())
        return bool(violations) or hub.now <= end

    # What happens.

    def _produce(self) -> None:
        self._arrived(self._records.produce())

    def _produce_welcome(self) -> None:
        self._arrived(self._records.produce_welcome())

    def _arrived(self, key: Key) -> None:
        owner = self._group.owners.get(key)
        if owner is not None:
            self._hub.after(self._random.random() * 0.02, owner.wake)

    def _join(self) -> None:
        member = Member(f"w{len(self._members)}", self.scenario.setup, self._outside)
        self._members.append(member)
        member.start()

    def _perform(self, event: Event) -> Callable[[], None]:
        def happen() -> None:
            self.watch.trace("EVENT", event.what.name, f"for {event.lasting:.1f} s")
            match event.what:
                case Deed.ELECTION:
                    self._elect()
                case Deed():
                    self._do(event.what, event.lasting)
                case Weather():
                    self._change_weather(event.what, event.lasting)
                case Away():
                    self._send_away(event.what, event.lasting)

        return happen

    def _do(self, deed: Deed, lasting: float) -> None:
        random = self._random
        alive = [member for member in self._members if member.alive and not member.health.stopping]
        if deed is Deed.JOIN or not alive:
            if len(alive) < 4:
                self._join()
            return
        member = random.choice(alive)
        match deed:
            case Deed.CRASH:
                member.crash()
                if random.random() < 0.6:
                    self._hub.after(random.random() * 2, self._join)
            case Deed.STOP:
                member.stop()
            case Deed.FREEZE:
                member.freeze(lasting)
            case Deed.REBALANCE:
                random.shuffle(self._group.members)
                self._group.rebalance()
            case Deed.FATAL if member.consumer is not None:
                member.consumer.fatal = True
            case Deed.BROKEN:
                member.driver.breaks = True
            case Deed.RECREATE:
                self._recreate()
            case Deed.JUMP:
                self._jump()

    def _recreate(self) -> None:
        self._cluster.recreate(EVENTS)
        self._records.delete()
        self.watch.recreated()
        self._hub.after(self._random.random() * 0.5, self._group.forget)
        self._hub.after(0.1 + self._random.random(), self._group.reassign)

    def _elect(self) -> None:
        for key in self._group.partitions:
            log = self._cluster.log(key)
            end = max(0, log.end - max(0, self._random.randrange(-6, 12)))
            gone = log.elect(end)
            self._records.truncate(key, end)
            self.watch.trace("elected", key, f"epoch {log.epoch}, {len(gone)} records gone from {end} on")
            for consumer in self.watch.members:
                consumer.leader_changed(key, gone)

    def _jump(self) -> None:
        key, owner = self._random.choice(list(self._group.owners.items()) or [((EVENTS, 0), None)])
        if owner is not None and key in owner.assigned:
            owner.jump_back(key, 0)  # earliest

    def _change_weather(self, weather: Weather, lasting: float) -> None:
        self._sink.weather = weather

        def clear() -> None:
            if self._sink.weather is weather:
                self._sink.weather = Weather.FINE

        self._hub.after(lasting, clear)

    def _send_away(self, away: Away, lasting: float) -> None:
        self._cluster.set_away(away)

        def give_up() -> None:
            """Without a coordinator for a session, classic members give up their partitions."""
            if self._cluster.away is not Away.NOBODY:
                for consumer in list(self._group.members):
                    self._drop_if_classic(consumer)

        self._hub.after(self._group.session, give_up)
        self._hub.after(lasting, lambda: self._cluster.set_away(Away.NOBODY))

    def _drop_if_classic(self, consumer: FakeConsumer) -> None:
        if not consumer.kip_848:
            consumer.be_expelled()
            self._group.leave(consumer)

    def _calm_down(self) -> None:
        """All faults end."""
        self.watch.trace("CALM")
        self._calm = self._cluster.calm = True
        self.watch.settled_at = self._hub.now
        self._sink.calm_down()
        self._cluster.set_away(Away.NOBODY)
        for second in range(LATE):
            self._hub.after(second, self._produce_welcome)
        self._keep_one()

    def _keep_one(self) -> None:
        """Restart ended workers, as an orchestrator does."""
        if not any(member.alive and not member.health.stopping for member in self._members):
            self._join()

    # What is looked at.

    def _look(self) -> None:
        for member in self._members:
            if member.alive:
                self.watch.check_counts(member)
        if self._calm and not self._ending:
            self._keep_one()
        if self._calm and self._hub.now - self.watch.settled_at > RESUME_SECONDS and self._records.undone():
            self.watch.violated("resume", self._unrest())
        self._hub.after(LOOK_SECONDS, self._look)

    def _at_rest(self) -> bool:
        if self._hub.now < START + self.scenario.calm_at + LATE or self._records.remaining():
            return False
        stored, log = self._group.stored, self._cluster.log
        ends = {key: log(key).end for key in self._group.partitions}
        return all(key in stored and self.watch.resumes_at(key, stored[key]) >= end for key, end in ends.items() if end)

    def _all_ended(self) -> bool:
        return not any(member.alive for member in self._members)

    def _unrest(self) -> str:
        undone = [f"#{each.number} {each.partition[1]}:{each.offset} {each.contact}" for each in self._records.undone()]
        lag = {key[1]: (self._group.stored.get(key), self._cluster.log(key).end) for key in self._group.partitions}
        return f"not done: {undone[:5]} of {len(undone)}; stored and end: {lag}"

    def _outcome_policy(self) -> None:
        """At rest: everything has its end, and each contact its last event."""
        last: dict[str, int] = {}
        partitions: defaultdict[str, set[Key]] = defaultdict(set)
        for produced in self._records.all:
            for identity in produced.identities:
                partitions[identity].add(produced.partition)
            if produced.kind is Kind.CONTACT and not produced.dead_lettered and not produced.deleted:
                last.update(dict.fromkeys(produced.identities, produced.number))
            if produced.kind is Kind.BROKEN and not produced.dead_lettered and not produced.deleted:
                self.watch.violated("lost", f"#{produced.number} has no dead letter")
        for identity, number in last.items():
            processed = self.watch.last_processed.get(identity)
            later = self._records.all[processed] if processed is not None else None
            is_dead_letter = later is not None and (later.dead_lettered or (later.deleted and later.number > number))
            across = len(partitions[identity]) > 1  # there, order holds only while one worker owns them all
            excused = across or identity in self.watch.excused
            if not excused and processed != number and not is_dead_letter:
                self.watch.violated("order", f"of {identity} ClickSend has #{processed}, not #{number}")
