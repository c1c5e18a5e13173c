"""A consumer group: its members and its commits."""

from __future__ import annotations

from dataclasses import dataclass, field

from confluent_kafka import ConsumerGroupState
from confluent_kafka.admin._acl import AclOperation

from consumer.commands.kafka.cluster import WITH_RIGHTS, Cluster
from consumer.kafka.timeouts import COORDINATOR_SECONDS
from consumer.scheduling.task import Partition

DEAD = ConsumerGroupState.DEAD.name.title()


@dataclass(frozen=True, slots=True)
class Member:
    """A member of the group, as the broker reports it."""

    consumer_id: str
    host: str
    client_id: str


@dataclass(frozen=True, slots=True)
class Commit:
    """A committed offset and its metadata (empty: none)."""

    offset: int
    metadata: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Group:
    """A group at one moment.

    state   -- as the broker names it: Stable, Empty, Dead (no such group), ...
    members -- those without a partition included
    owners  -- by partition
    commits -- by partition, for partitions with a commit
    rights  -- the operations that this user may perform; None: the broker does not report them
    """

    name: str
    state: str
    members: tuple[Member, ...]
    owners: dict[Partition, Member]
    commits: dict[Partition, Commit]
    rights: frozenset[AclOperation] | None = None

    @property
    def active(self) -> bool:
        """Return whether it has members: then only they may commit for it."""
        return bool(self.members)

    @property
    def known(self) -> bool:
        """Return whether the group exists. Commits alone can't show it: Kafka omits topics hidden from this user."""
        return self.state != DEAD or bool(self.commits)


def look_at(cluster: Cluster) -> Group:
    """Return the connection's group as the broker describes it. Raises as Cluster's methods do."""
    name = cluster.group_id
    describe = cluster.admin.describe_consumer_groups
    how = {**WITH_RIGHTS, "request_timeout": COORDINATOR_SECONDS}
    described = cluster.ask(lambda: describe([name], **how)[name], f"the group {name}")
    owners: dict[Partition, Member] = {}
    members = []
    for each in described.members:
        member = Member(each.member_id, each.host, each.client_id)
        members.append(member)
        for owned in each.assignment.topic_partitions if each.assignment else ():
            owners[Partition(owned.topic, owned.partition)] = member
    state: ConsumerGroupState = described.state
    operations = described.authorized_operations
    rights = frozenset(operations) if operations is not None else None
    return Group(name, state.name.title(), tuple(members), owners, commits_of(cluster), rights)


def commits_of(cluster: Cluster) -> dict[Partition, Commit]:
    """Return the commits of the connection's group, by partition."""
    commits = {}
    for each in cluster.committed():
        if each.error is not None:
            raise cluster.explained(each.error, f"the group {cluster.group_id}")
        if each.offset >= 0:
            commits[Partition(each.topic, each.partition)] = Commit(each.offset, each.metadata or "")
    return commits
