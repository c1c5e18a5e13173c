"""The group's coordinator: cooperative assignment, and the stored offsets."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from confluent_kafka import KafkaError

from tests.simulation.cluster import Cluster, Key, Log

if TYPE_CHECKING:
    from tests.simulation.consumer import FakeConsumer
    from tests.simulation.watch import Watch

METADATA_LIMIT = 4095


class Stored(NamedTuple):
    """A committed offset."""

    offset: int
    metadata: str
    leader_epoch: int | None = None


class Offset(NamedTuple):
    """One partition's part of a commit or of an answer, by the names of TopicPartition."""

    topic: str
    partition: int
    offset: int
    metadata: str | None = None
    error: KafkaError | None = None
    leader_epoch: int | None = None


class Group:
    """A partition is given to its next owner when the one before has let it go, or was expelled.

    session -- seconds without a heartbeat after which a member is expelled
    """

    def __init__(self, cluster: Cluster, topic: str, session: float, watch: Watch) -> None:
        self.stored: dict[Key, Stored] = {}
        self.owners: dict[Key, FakeConsumer] = {}
        self.members: list[FakeConsumer] = []
        self.session = session
        self.generation = 0
        self._cluster = cluster
        self._hub = cluster.hub
        self._topic = topic
        self._watch = watch
        self._targets: dict[Key, FakeConsumer] = {}
        self._waits_for_coordinator = False
        cluster.on_change.append(self._on_change)

    @property
    def topic_id(self) -> bytes:
        """The id of the topic, as it stands in a offset map."""
        return self._cluster.topics[self._topic].id_bytes

    def log(self, key: Key) -> Log:
        """One partition's log."""
        return self._cluster.log(key)

    @property
    def partitions(self) -> list[Key]:
        """All there are."""
        return [(self._topic, number) for number in range(len(self._cluster.topics[self._topic].logs))]

    def join(self, member: FakeConsumer) -> None:
        """A new member, or one that comes again."""
        if member not in self.members and not member.process.dead:
            self.members.append(member)
            self.rebalance()

    def leave(self, member: FakeConsumer) -> None:
        """A member goes; what it has not let go of is free at once."""
        if member in self.members:
            self.members.remove(member)
            self._free([key for key, owner in self.owners.items() if owner is member])
            self.rebalance()

    def expel(self, member: FakeConsumer) -> None:
        """A member has not been heard of for a session."""
        if member in self.members:
            if not self._cluster.coordinated:
                self._hub.after(0.5, lambda: self.expel(member))
                return
            self._watch.trace("expelled", member.name)
            member.be_expelled()
            self.leave(member)

    def rebalance(self) -> None:
        """Share the partitions out anew: evenly, and as they are where that is even."""
        if not self._cluster.coordinated:
            self._waits_for_coordinator = True
            return
        self.generation += 1
        self._targets = self._shared_out()
        for member in list(self.members):
            going = [key for key, owner in self.owners.items() if owner is member and self._targets[key] is not member]
            if going:
                member.tell_revoked(going)
            elif self._hub.random.random() < 0.3:
                member.tell_assigned([])
        self._hand_out()

    def forget(self) -> None:
        """The topic was deleted: its offsets go with it, a moment later."""
        self.stored.clear()

    def reassign(self) -> None:
        """The topic was created again: KIP-848 takes the old one's partitions away and gives the new one's."""
        for member in list(self.members):
            owned = [key for key, owner in self.owners.items() if owner is member]
            member.topic_recreated(owned)

    def let_go(self, member: FakeConsumer, partitions: list[Key]) -> None:
        """A member's revoke has ended."""
        self._free([key for key in partitions if self.owners.get(key) is member])
        self._hand_out()

    def store(self, offsets: list[Offset]) -> list[Offset]:
        """Commit. Whether the member owns the partitions is not checked: brokers don't either."""
        answers = []
        for each in offsets:
            key = (each.topic, each.partition)
            error = None
            if len(each.metadata or "") > METADATA_LIMIT:
                error = KafkaError(KafkaError.OFFSET_METADATA_TOO_LARGE)
            else:
                self.stored[key] = Stored(each.offset, each.metadata or "", each.leader_epoch)
            answers.append(each._replace(error=error))
        return answers

    def _shared_out(self) -> dict[Key, FakeConsumer]:
        members, partitions = self.members, self.partitions
        if not members:
            return {}
        least, more = divmod(len(partitions), len(members))
        room = dict.fromkeys(members, least)
        targets: dict[Key, FakeConsumer] = {}
        order = partitions[:]
        self._hub.random.shuffle(order)
        for key in order:
            owner = self.owners.get(key)
            if owner in room and (room[owner] > 0 or (more and room[owner] == 0)):
                more -= room[owner] == 0
                room[owner] -= 1
                targets[key] = owner
        for key in order:
            if key not in targets:
                member = max(members, key=lambda each: room[each])
                room[member] -= 1
                targets[key] = member
        return targets

    def _free(self, partitions: list[Key]) -> None:
        for key in partitions:
            del self.owners[key]

    def _hand_out(self) -> None:
        coming: dict[FakeConsumer, list[Key]] = {}
        for key, member in self._targets.items():
            if key not in self.owners and member in self.members:
                self.owners[key] = member
                coming.setdefault(member, []).append(key)
        for member, keys in coming.items():
            member.tell_assigned(keys)

    def _on_change(self) -> None:
        if self._waits_for_coordinator and self._cluster.coordinated:
            self._waits_for_coordinator = False
            self.rebalance()
