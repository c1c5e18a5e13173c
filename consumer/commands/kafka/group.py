"""A consumer group: its members, and what it has committed."""

from __future__ import annotations

from dataclasses import dataclass, field

from confluent_kafka import ConsumerGroupState
from confluent_kafka.admin._acl import AclOperation

from consumer.commands.kafka.cluster import WITH_RIGHTS, Cluster
from consumer.scheduling.task import Partition

DEAD = ConsumerGroupState.DEAD.name.title()


@dataclass(frozen=True, slots=True)
class Member:
    """A member of the group, as the broker knows it."""

    consumer_id: str
    host: str
    client_id: str


@dataclass(frozen=True, slots=True)
class Commit:
    """A committed offset, and the metadata that it was committed with (empty: none)."""

    offset: int
    metadata: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Group:
    """A group at one moment.

    state   -- the broker's word: Stable, Empty, Dead (no such group), ...
    members -- all of them, those without a partition included
    owners  -- by partition
    commits -- by partition, where there is one
    rights  -- what this user may do with the group; None: this broker does not tell
    """

    name: str
    state: str
    members: tuple[Member, ...]
    owners: dict[Partition, Member]
    commits: dict[Partition, Commit]
    rights: frozenset[AclOperation] | None = None

    @property
    def active(self) -> bool:
        """Whether it has members, so that nobody else may commit for it."""
        return bool(self.members)

    @property
    def known(self) -> bool:
        """Whether there is such a group. Its commits alone don't tell: Kafka leaves out topics that we may not see."""
        return self.state != DEAD or bool(self.commits)


def look_at(cluster: Cluster) -> Group:
    """Ask the broker for the connection's group. Raises as Cluster's methods do."""
    name = cluster.group_id
    describe = cluster.admin.describe_consumer_groups
    described = cluster.ask(lambda: describe([name], **WITH_RIGHTS)[name], f"the group {name}")
    owners: dict[Partition, Member] = {}
    members = []
    for each in described.members:
        member = Member(each.member_id, each.host, each.client_id)
        members.append(member)
        for owned in each.assignment.topic_partitions if each.assignment else ():
            owners[Partition(owned.topic, owned.partition)] = member
    state: ConsumerGroupState = described.state
    told = described.authorized_operations
    rights = frozenset(told) if told is not None else None
    return Group(name, state.name.title(), tuple(members), owners, commits_of(cluster), rights)


def commits_of(cluster: Cluster) -> dict[Partition, Commit]:
    """Return what the connection's group has committed, by partition."""
    commits = {}
    for each in cluster.committed():
        if each.error is not None:
            raise cluster.explained(each.error, f"the group {cluster.group_id}")
        if each.offset >= 0:
            commits[Partition(each.topic, each.partition)] = Commit(each.offset, each.metadata or "")
    return commits
