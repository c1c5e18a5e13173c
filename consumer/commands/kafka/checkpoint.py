"""The checkpoint of a replay or a redrive: the committed offsets of a group without members.

A Job's disk is read-only, so the checkpoint is in Kafka, like the worker's. Kafka deletes the offsets of such a group
(offsets.retention.minutes, 7 days). So each run also saves its start and its end on a topic (`lasting.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from confluent_kafka import KafkaException, TopicPartition
from msgspec import structs

from consumer.commands.kafka.cluster import Cluster
from consumer.commands.kafka.group import Commit, commits_of
from consumer.commands.kafka.lasting import CheckpointTopic, RunState, Saved
from consumer.commands.kafka.records import Range
from consumer.commands.repeat import Begin
from consumer.errors import RefusedError
from consumer.scheduling.task import Partition
from consumer.settings.kafka import Kafka


def name_of(*what: object) -> str:
    """Return a name that depends only on the arguments, so that the same command resumes its checkpoint."""
    return hashlib.blake2b(repr(what).encode(), digest_size=4).hexdigest()


class Checkpoint:
    """A checkpoint and its connection to Kafka. Methods raise as Cluster's do.

    name -- unique within the worker's group
    """

    def __init__(self, kafka: Kafka, name: str) -> None:
        self.group = f"{kafka.group_id}-replay-{name}"
        self.cluster = Cluster(structs.replace(kafka, group_id=self.group))
        self._topic = CheckpointTopic(kafka, self.cluster, self.group)
        self._looked = False
        self._saved: Saved | None = None  # by an earlier run

    @property
    def how_to_resume(self) -> str:
        """Return what to say of a run that did not come to its end."""
        return f"Run the same command to resume (checkpoint {self.group})."

    def commits(self) -> dict[Partition, Commit]:
        """Return the commits by partition. Those that Kafka has deleted come from the last run's saved checkpoint.

        Raises RefusedError where that run did not shut down in order: its progress is unknown then.
        """
        commits = commits_of(self.cluster)
        if not self._looked:
            self._saved, self._looked = self._topic.read(), True
        if self._saved is None:
            return commits
        forgotten = {each: commit for each, commit in self._saved.commits.items() if each not in commits}
        if forgotten and self._saved.state is RunState.RUNNING:
            raise RefusedError(
                f"A run of {self.group} started at {self._saved.at} and did not shut down in order, and Kafka has"
                " deleted its offsets (offsets.retention.minutes). --restart starts over and may repeat its work."
            )
        return {**commits, **forgotten}

    def left(self, ranges: Mapping[Partition, Range], begin: Begin = Begin.CHECKPOINT) -> dict[Partition, Range]:
        """Return the rest of these ranges; all of them where they begin anew.

        Raises RefusedError where the checkpoint belongs to another range.
        """
        if begin is Begin.ANEW:
            return dict(ranges)
        left, commits = {}, self.commits()
        for partition, span in ranges.items():
            commit = commits.get(partition)
            start = span.start if commit is None else commit.offset
            if start > span.stop:
                what = f"The checkpoint {self.group} is at {partition}@{start}, beyond offset {span.stop}: it belongs"
                raise RefusedError(f"{what} to another range. Use another --name, or --restart to start over.")
            left[partition] = Range(max(start, span.start), span.stop)
        return left

    def begin(self, ranges: Mapping[Partition, Range], begin: Begin) -> None:
        """Commit the start of each range. A missing right to commit fails here, before any request is sent.

        A commit's metadata lists what an interrupted replay settled beyond it. So a commit at the start of its range
        is kept, unless the replay begins anew.
        """
        known = self.commits() if begin is Begin.CHECKPOINT else {}
        starts = {each: Commit(span.start) for each, span in ranges.items()}
        kept = {each: known[each] for each, at in starts.items() if each in known and known[each].offset == at.offset}
        starts |= kept
        stored = commits_of(self.cluster)
        self._commit({each: commit for each, commit in starts.items() if stored.get(each) != commit})
        self._topic.write(RunState.RUNNING, {**known, **starts})

    def end(self) -> None:
        """Save this run's progress on the topic, since Kafka deletes the group's commits."""
        self._topic.write(RunState.ENDED, commits_of(self.cluster))

    def commit(self, offsets: Mapping[Partition, int]) -> None:
        """Commit, and wait for the broker's response."""
        self._commit({partition: Commit(offset) for partition, offset in offsets.items()})

    def _commit(self, commits: Mapping[Partition, Commit]) -> None:
        wanted = [
            TopicPartition(*partition, each.offset, each.metadata)
            if each.metadata
            else TopicPartition(*partition, each.offset)
            for partition, each in commits.items()
        ]

        def committed() -> None:
            for answer in self.cluster.consumer.commit(offsets=wanted, asynchronous=False) or []:
                if answer.error is not None:
                    raise KafkaException(answer.error)

        if wanted:
            self.cluster.retried(committed, f"the group {self.group}, the checkpoint")

    def close(self) -> None:
        """Disconnect."""
        self.cluster.close()
