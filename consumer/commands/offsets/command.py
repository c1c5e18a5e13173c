"""Move a group's committed offsets: print the plan, and execute it only with `--execute`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, TopicPartition

from consumer.commands.kafka.cluster import Cluster
from consumer.commands.kafka.group import Group, look_at
from consumer.commands.kafka.partitions import Moment, Scope, chosen
from consumer.commands.offsets.plan import Move, plan, summary
from consumer.commands.offsets.scenario import Facts, FromFile, Scenario
from consumer.commands.offsets.undo import read_offsets, undo_name, write_undo
from consumer.commands.output import Format, put, rendered
from consumer.errors import FatalStreamError, RefusedError
from consumer.exit_status import ExitStatus
from consumer.kafka.timeouts import COORDINATOR_SECONDS
from consumer.scheduling.task import Partition
from consumer.settings import Settings, Sources, load
from consumer.terminal import say


@dataclass(frozen=True, slots=True)
class Execution:
    """A reset to execute. undo_file -- None: named after the group and the time."""

    undo_file: Path | None


def reset(
    sources: Sources,
    target: Scenario | Path,
    scopes: tuple[Scope, ...],
    execution: Execution | None,
    form: Format,
) -> ExitStatus:
    """Print the plan, and execute it where an execution is given.

    target -- a scenario, or a file of partitions and offsets
    scopes -- the partitions; none: all topics of the settings and of the group's commits

    Raises as Cluster's methods do, and RefusedError for a missing partition, an invalid file or an active group.
    """
    settings = load(sources, ("kafka", "delivery"))
    name = settings.kafka.group_id
    scenario = FromFile(read_offsets(target, name)) if isinstance(target, Path) else target
    with closing(Cluster(settings.kafka)) as cluster:
        cluster.brokers()
        group = look_at(cluster)
        if group.active and execution is not None:
            raise RefusedError(active(group))
        partitions = _partitions(cluster, group, scenario, scopes, settings)
        moves, remarks = _plan(cluster, group, scenario, partitions)
        put(rendered([move.row(name) for move in moves], form), form)
        say(*remarks, *summary(moves, settings.delivery.max_requests_per_second))
        if not group.known:
            say(f"The group {name} does not exist yet: the reset creates it.")
        if execution is None:
            say(active(group) if group.active else "Dry run: nothing was changed. Add --execute to set the offsets.")
            return ExitStatus.DONE
        return _execute(cluster, group, moves, execution) if moves else ExitStatus.DONE


def active(group: Group) -> str:
    """Return why an active group can't be reset, with a fix."""
    hosts = ", ".join(sorted({f"{member.client_id} at {member.host.lstrip('/')}" for member in group.members}))
    wait = "A killed worker stays a member until its session times out (KAFKA_SESSION_TIMEOUT_MS)."
    return f"The group {group.name} is active, so its offsets can't be set. Stop its workers first: {hosts}. {wait}"


def _partitions(
    cluster: Cluster, group: Group, scenario: Scenario, scopes: tuple[Scope, ...], settings: Settings
) -> list[Partition]:
    if isinstance(scenario, FromFile):
        scopes = tuple(Scope(partition.topic, (partition.number,)) for partition in scenario.commits)
    committed = {partition.topic for partition in group.commits}
    scopes = scopes or tuple(Scope(topic) for topic in sorted({*settings.kafka.topics, *committed}))
    return chosen(scopes, cluster.partitions_of(scope.topic for scope in scopes))


def _plan(
    cluster: Cluster, group: Group, scenario: Scenario, partitions: list[Partition]
) -> tuple[list[Move], list[str]]:
    log_ends, ends = cluster.log_ends(partitions), cluster.ends(partitions)
    at = cluster.offsets_at(partitions, scenario.timestamp_ms) if isinstance(scenario, Moment) else {}
    commits = {partition: group.commits.get(partition) for partition in partitions}
    facts = {
        partition: Facts(commit.offset if commit else None, ends[partition], at.get(partition), log_ends[partition])
        for partition, commit in commits.items()
    }
    return plan(scenario, facts, cluster.topic_ids(partition.topic for partition in partitions))


def _execute(cluster: Cluster, group: Group, moves: list[Move], execution: Execution) -> ExitStatus:
    now = datetime.now(UTC)
    path = execution.undo_file or undo_name(group.name, now)
    write_undo(path, group.name, {move.partition: group.commits.get(move.partition) for move in moves}, now)
    undone = f"To undo: clicksend-consumer offsets reset --group {group.name} --from-file {path} --execute"
    try:
        errors = dict(_altered(cluster, group, moves))
    except (KeyboardInterrupt, FatalStreamError):
        say(f"Kafka did not respond: `clicksend-consumer lag` shows the offsets in effect. {undone}")
        raise
    refused = {partition: error for partition, error in errors.items() if error is not None}
    for partition, error in refused.items():
        say(str(cluster.explained(error, str(partition))))
    if len(refused) == len(moves):
        path.unlink()
        joined = (
            "a worker joined the group during the reset; stop it first" if _by_member(refused.values()) else "see above"
        )
        raise RefusedError(f"Nothing was changed: {joined}.")
    say(f"Partitions set: {len(moves) - len(refused)} of {len(moves)}. {undone}")
    return ExitStatus.PARTLY_DONE if refused else ExitStatus.DONE


def _altered(cluster: Cluster, group: Group, moves: list[Move]) -> Iterator[tuple[Partition, KafkaError | None]]:
    """Commit the moves, and yield Kafka's error for each partition."""
    offsets = [TopicPartition(*move.partition, move.new, move.metadata) for move in moves]
    request = [ConsumerGroupTopicPartitions(group.name, offsets)]
    alter = cluster.admin.alter_consumer_group_offsets
    answer = cluster.ask(
        lambda: alter(request, request_timeout=COORDINATOR_SECONDS)[group.name], f"the group {group.name}"
    )
    for each in answer.topic_partitions:
        yield Partition(each.topic, each.partition), each.error


def _by_member(errors: Iterable[KafkaError]) -> bool:
    return any(error.code() == KafkaError.UNKNOWN_MEMBER_ID for error in errors)
