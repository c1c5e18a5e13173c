"""Print the lag of the group, once or repeatedly. The command joins no group and commits nothing."""

from __future__ import annotations

import sys
import time
from contextlib import closing

from consumer.commands.kafka.cluster import Cluster
from consumer.commands.kafka.group import Group, look_at
from consumer.commands.kafka.partitions import Scope, chosen
from consumer.commands.kafka.records import oldest
from consumer.commands.lag.partition_lag import PartitionLag, standings, total, unconsumed
from consumer.commands.output import Format, put, rendered
from consumer.errors import ConsumerError, RefusedError
from consumer.exit_status import ExitStatus
from consumer.scheduling.task import Partition
from consumer.settings import Sources, load
from consumer.terminal import say

CLEAR = "\x1b[H\x1b[2J"


def lag(sources: Sources, form: Format, every: float | None) -> ExitStatus:
    """Print the lag of each partition. every -- seconds between two tables, until Ctrl-C; None: once.

    Raises as Cluster's methods do, and RefusedError for a missing group or topic. After the first table, errors are
    reported and the command continues.
    """
    kafka = load(sources, ("kafka",)).kafka
    try:
        with closing(Cluster(kafka)) as cluster:
            cluster.brokers()
            _show(cluster, kafka.topics, form, "")
            while every is not None:
                time.sleep(every)
                try:
                    _show(cluster, kafka.topics, form, CLEAR if sys.stdout.isatty() else "\n")
                except ConsumerError as error:
                    say(str(error))
    except KeyboardInterrupt:
        if every is None:
            raise
    return ExitStatus.DONE


def _show(cluster: Cluster, topics: tuple[str, ...], form: Format, before: str) -> None:
    group = look_at(cluster)
    if not group.known:
        raise RefusedError(f"The group {group.name} does not exist: it has no members and no committed offsets.")
    found = _standings(cluster, group, topics)
    now_ms = round(time.time() * 1000)
    if form is Format.JSON:
        put(rendered([each.row(now_ms) for each in found], form), form)
    else:
        sys.stdout.write(before)
        put(rendered([each.line(now_ms) for each in found], form), form)
    for each in found:
        if each.transaction is not None:
            say(f"{each.partition}: {each.transaction}; later records can't be read yet.")
    if form is Format.TABLE:
        members = "" if group.active else f"The group {group.name} has no active member. "
        say(f"{members}{total(found, now_ms)}")


def _standings(cluster: Cluster, group: Group, topics: tuple[str, ...]) -> list[PartitionLag]:
    """Return the lag in the settings' topics and in all topics with a commit of the group."""
    there = cluster.partitions_of((*topics, *(partition.topic for partition in group.commits)))
    wanted = {*chosen([Scope(topic) for topic in topics], there), *_still_there(group, there)}
    log_ends, ends = cluster.log_ends(sorted(wanted)), cluster.ends(sorted(wanted))
    oldest_ms = oldest(cluster, unconsumed(group, ends))
    ids = cluster.topic_ids(partition.topic for partition in ends)
    return standings(group, ends, oldest_ms, ids, log_ends)


def _still_there(group: Group, there: dict[str, tuple[int, ...]]) -> list[Partition]:
    return [each for each in group.commits if each.number in there.get(each.topic, ())]
