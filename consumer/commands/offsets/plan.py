"""The plan of a reset, by partition. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from consumer.commands.kafka.group import Commit
from consumer.commands.offsets.scenario import Facts, FromFile, Scenario, wanted
from consumer.commands.output import Row
from consumer.commands.timestamps import pace
from consumer.scheduling.offset_map import decode, encode
from consumer.scheduling.task import Partition


@dataclass(frozen=True, slots=True)
class Move:
    """One partition's new commit.

    asked    -- the requested offset; differs from `new` where the log does not have it
    new      -- the offset to commit
    metadata -- committed with `new`. It lists no settled records, so that a replay suppresses none;
                an undo restores the former metadata
    ahead    -- offsets from there to the log's end
    """

    partition: Partition
    current: int | None
    asked: int
    new: int
    metadata: str = field(repr=False)
    ahead: int

    def row(self, group: str) -> Row:
        """Return a row for the table or for JSON."""
        topic, number = self.partition
        return {
            "group": group,
            "topic": topic,
            "partition": number,
            "current": self.current,
            "new": self.new,
            "records": self.ahead,
        }


def plan(
    scenario: Scenario, facts: Mapping[Partition, Facts], topic_ids: Mapping[str, bytes]
) -> tuple[list[Move], list[str]]:
    """Return the moves, in order, and remarks for the operator.

    Raises RefusedError as `wanted` does.
    """
    moves, remarks = [], []
    for partition in sorted(facts):
        known = facts[partition]
        asked = wanted(scenario, partition, known)
        if asked is None:
            remarks.append(f"{partition} had no committed offset, and Kafka can't remove one: it stays unchanged.")
            continue
        new = min(max(asked, known.ends.low), known.last)
        if new != asked:
            end, at = ("beginning", known.ends.low) if new > asked else ("end", known.last)
            remarks.append(f"{partition} has no offset {asked}: using its {end}, {at}.")
        metadata = _metadata(scenario, partition, new, topic_ids[partition.topic])
        moves.append(Move(partition, known.current, asked, new, metadata, max(0, known.ends.high - new)))
    return moves, remarks


def _metadata(scenario: Scenario, partition: Partition, new: int, topic_id: bytes) -> str:
    taken_back = scenario.commits[partition] if isinstance(scenario, FromFile) else None
    if taken_back is not None and _true(taken_back, new, topic_id):
        return taken_back.metadata
    return encode(topic_id, new, new, ())


def _true(commit: Commit, new: int, topic_id: bytes) -> bool:
    """Return whether a commit's metadata is still valid: for this offset, and the topic was not created again."""
    claim = decode(commit.metadata)
    return claim is not None and (claim.topic_id, claim.committed) == (topic_id, new)


def summary(moves: Iterable[Move], per_second: float) -> Iterator[str]:
    """Yield a summary of the moves. per_second -- DELIVERY_MAX_REQUESTS_PER_SECOND, 0 = no limit."""
    rows = list(moves)
    again = sum(max(0, each.current - each.new) for each in rows if each.current is not None)
    passed = sum(max(0, each.new - each.current) for each in rows if each.current is not None)
    ahead = sum(each.ahead for each in rows)
    yield f"Records ahead after the reset: {ahead}{pace(ahead, per_second)}."
    if again:
        yield f"To be delivered again: {again}. ClickSend receives their contacts once more."
    if passed:
        yield f"To be skipped: {passed}. Those not delivered yet will never be delivered."
