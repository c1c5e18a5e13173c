"""The scenarios: named, seeded, and made of steps that the mixed scenario recombines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from consumer.sandbox.faults import Rule
from tests.chaos import sink
from tests.chaos.transaction import Ending
from tests.chaos.world import SESSION_MS, World

LONG_SECONDS = SESSION_MS / 1000 + 14.0  # past the session, and past requests that are made meanwhile
FAULT_SECONDS = 5.0
RESTLESS_TURNS = 10
UNREADABLE = 30  # records

Step = Callable[[World], None]


def worker_killed(world: World) -> None:
    """A worker is killed in the middle of its work, and another started in its place."""
    world.kill(world.someone())
    world.start_workers(1)
    world.await_group()


def two_killed(world: World) -> None:
    """Two of three are killed at once."""
    world.kill(*world.random.sample(world.fleet.members, 2))
    world.start_workers(2)
    world.await_group()


def worker_frozen(world: World) -> None:
    """A worker stands still past its session, and wakes up when others own its partitions."""
    world.freeze(world.someone())
    world.await_group()


def two_frozen(world: World) -> None:
    """Two of three stand still past their sessions."""
    world.freeze(*world.random.sample(world.fleet.members, 2))
    world.await_group()


def worker_joins(world: World) -> None:
    """One more worker takes its share."""
    world.start_workers(1)
    world.await_group()
    world.go_on(1.0)


def worker_leaves(world: World) -> None:
    """A worker ends in its own time, and the others take over."""
    world.stop(world.someone())
    world.await_group()
    world.start_workers(1)


def rolling_restart(world: World) -> None:
    """Each worker in turn is stopped and another started."""
    for member in list(world.fleet.members):
        world.stop(member)
        world.start_workers(1)
        world.go_on(0.0, 1.0)
    world.await_group()


def restless(world: World) -> None:
    """Workers come, go and are killed while the group is still on the move from the time before."""
    for _ in range(RESTLESS_TURNS):
        few = len(world.fleet.members) < 3
        world.random.choice((join,) if few else (join, leave, kill))(world)
        world.go_on(0.0, 1.0)
    world.await_group()


def join(world: World) -> None:
    """One more."""
    world.start_workers(1)


def leave(world: World) -> None:
    """One less."""
    world.stop(world.someone())


def kill(world: World) -> None:
    """One less, at once."""
    world.kill(world.someone())


def broker_killed(world: World) -> None:
    """Kafka dies and comes back."""
    world.kill_broker(world.random.uniform(0.0, 2.0))
    world.go_on(2.0)
    world.await_group()


def broker_restarted(world: World) -> None:
    """Kafka is stopped and started."""
    world.restart_broker(world.random.uniform(0.0, 2.0))
    world.go_on(2.0)
    world.await_group()


def broker_away_for_long(world: World) -> None:
    """Kafka is away for longer than the session, and than any request waits."""
    world.kill_broker(LONG_SECONDS)
    world.go_on(2.0)
    world.await_group()


def topic_recreated(world: World) -> None:
    """The source topic is deleted and created again: what nobody had delivered is gone, what comes then is not."""
    world.recreate_topic()
    world.go_on(6.0)
    world.await_group()


def retention_overtakes(world: World) -> None:
    """While no worker runs, Kafka deletes records that the group has not had: the rest is delivered."""
    world.stop_workers()
    world.go_on(2.0)
    world.trim()
    world.start_workers(3)


def offsets_reset(world: World) -> None:
    """The group is set back to the beginning: everything comes again."""
    world.stop_workers()
    world.reset_offsets()
    world.start_workers(3)


def partitions_added(world: World) -> None:
    """The topic grows: the new partitions are delivered from their beginning."""
    world.add_partitions(3)
    world.go_on(4.0)
    world.await_group()


def headers_unreadable(world: World) -> None:
    """Records come whose headers can't be read: no worker ends, and each record has its end."""
    world.source.pause()
    world.source.produce_unreadable(UNREADABLE)
    world.source.resume()
    world.go_on(2.0)


def transactions(world: World) -> None:
    """A second producer writes in transactions, and each of them ends in another way."""
    for ending in world.random.sample(list(Ending), len(Ending)):
        transaction = world.open_transaction()
        world.go_on(0.0, 0.5)
        world.end_transaction(transaction, ending)


def during_transaction(*steps: Step) -> Step:
    """Steps while a transaction is open: it holds back nothing that is before it, and afterwards nothing at all."""

    def step(world: World) -> None:
        transaction = world.open_transaction()
        for each in steps:
            each(world)
        world.await_stable_ends()
        world.end_transaction(transaction, world.random.choice(list(Ending)))

    return step


def under(*rules: Rule) -> Step:
    """A step in which the sink does this to its clients for a while."""

    def step(world: World) -> None:
        world.say(f"the sink: {', '.join(rule.name for rule in rules)}")
        world.sink.faults(*rules)
        world.go_on(FAULT_SECONDS)
        world.sink.faults()

    return step


def credentials_changed(world: World) -> None:
    """401 to everybody, for a while: delivery halts, nothing is lost, and it goes on by itself."""
    world.say("the sink: 401")
    world.sink.refuse_credentials()
    world.go_on(FAULT_SECONDS)
    world.sink.accept_credentials()


def random_faults(world: World) -> None:
    """A bit of everything at the sink."""
    under(*sink.random_faults(world.random))(world)


def killed_in_a_storm(world: World) -> None:
    """A worker is killed and one is stopped while answers hang, break and drip."""
    world.say("the sink: everything at once")
    world.sink.faults(*sink.random_faults(world.random))
    worker_killed(world)
    worker_leaves(world)
    world.sink.faults()


STEPS: dict[str, Step] = {
    "worker-killed": worker_killed,
    "two-killed": two_killed,
    "worker-frozen": worker_frozen,
    "two-frozen": two_frozen,
    "worker-joins": worker_joins,
    "worker-leaves": worker_leaves,
    "rolling-restart": rolling_restart,
    "restless": restless,
    "broker-killed": broker_killed,
    "broker-restarted": broker_restarted,
    "broker-away-for-long": broker_away_for_long,
    "topic-recreated": topic_recreated,
    "retention-overtakes": retention_overtakes,
    "offsets-reset": offsets_reset,
    "partitions-added": partitions_added,
    "headers-unreadable": headers_unreadable,
    "transactions": transactions,
    "transaction-killed": during_transaction(two_killed),
    "transaction-restarts": during_transaction(worker_joins, rolling_restart),
    "transaction-frozen": during_transaction(worker_frozen),
    "transaction-broker-killed": during_transaction(broker_killed),
    "sink-hangs": under(sink.HANG),
    "sink-resets": under(sink.RESET),
    "sink-resets-after-its-answer": under(sink.RESET_AFTER),
    "sink-cuts": under(sink.CUT),
    "sink-drips": under(sink.SLOW_DRIP),
    "sink-429": under(sink.STORM),
    "sink-429-with-retry-after": under(sink.STORM_WITH_RETRY_AFTER),
    "sink-503": under(sink.OUTAGE),
    "sink-401": credentials_changed,
    "sink-random": random_faults,
    "killed-in-a-storm": killed_in_a_storm,
}


def mixed(world: World) -> None:
    """Five steps in a row, drawn at random; those whose verdict is about all records stand alone."""
    alone = {"topic-recreated", "retention-overtakes", "offsets-reset"}
    for name in world.random.sample(sorted(STEPS.keys() - alone), 5):
        world.say(f"-- {name}")
        STEPS[name](world)
        world.go_on(1.0, 3.0)


@dataclass(frozen=True, slots=True)
class Scenario:
    """Steps with a name."""

    name: str
    steps: tuple[Step, ...]

    def act(self, world: World) -> None:
        """Do it, each step some time after what was before it: else there is little that it could repeat or lose."""
        for step in self.steps:
            world.go_on(1.5, 2.5)
            step(world)
        world.go_on(1.0)


SCENARIOS = {name: Scenario(name, (step,)) for name, step in {**STEPS, "mixed": mixed}.items()}

# The most telling ones, a few steps in each world, as a world costs some seconds by itself.
SHORT = (
    Scenario("short-workers", (headers_unreadable, transactions, during_transaction(killed_in_a_storm), worker_joins)),
    Scenario("short-frozen", (credentials_changed, worker_frozen)),
    Scenario("short-broker", (broker_killed, rolling_restart)),
)
