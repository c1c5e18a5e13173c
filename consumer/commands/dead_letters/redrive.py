"""`dead-letters redrive`: redrives one dead letter at a time and commits it when its result is acknowledged."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass

from msgspec import structs

from consumer.commands.dead_letters.filters import Filters
from consumer.commands.dead_letters.reading import dead_letters, ranges_of
from consumer.commands.dead_letters.redrive_filter import MISSED, SENT, RedriveFilter, RedriveResult
from consumer.commands.dead_letters.targets import Destination, Nowhere, Target, ToClickSend, ToSource
from consumer.commands.kafka.checkpoint import Checkpoint, name_of
from consumer.commands.kafka.records import Range, offsets_in
from consumer.commands.kafka.staleness import look_through
from consumer.commands.output import Format, bar, put, rendered
from consumer.commands.readings import command_decider
from consumer.commands.repeat import Mode, Repeat, Stale
from consumer.commands.signals import StopSignals
from consumer.dead_letters.format import StoredDeadLetter, redriven
from consumer.enrolment.enroller import Enrolled
from consumer.errors import ConsumerError, RefusedError
from consumer.exit_status import ExitStatus
from consumer.scheduling.task import Partition
from consumer.settings import Settings
from consumer.terminal import say

SLEEP_SECONDS = 0.05  # the longest delay before a signal is noticed


@dataclass(frozen=True, slots=True)
class RedriveOptions:
    """Options of a redrive.

    any_group -- include dead letters of other worker groups
    rate      -- dead letters per second at most; 0: no limit
    """

    destination: Destination
    filters: Filters
    repeat: Repeat
    max_redrives: int = 3
    rate: float = 0.0
    any_group: bool = False

    @property
    def checkpoint(self) -> str:
        parts = (*self.filters.name_parts, *(["any"] if self.any_group else []))
        return self.repeat.name or name_of(self.destination, *parts)


@dataclass(frozen=True, slots=True)
class Selected:
    """The selected dead letters.

    number   -- number of dead letters
    sources  -- positions of their source records
    since_ms -- earliest record timestamp; 0 if one has none
    """

    number: int
    sources: frozenset[tuple[Partition, int]]
    since_ms: int

    @classmethod
    def of(cls, found: Iterable[StoredDeadLetter]) -> Selected:
        number, since_ms, sources = 0, sys.maxsize, set[tuple[Partition, int]]()
        for dead_letter in found:
            number += 1
            since_ms = min(since_ms, max(0, dead_letter.timestamp_ms))
            if dead_letter.source is not None:
                sources.add((dead_letter.source.partition, dead_letter.source.offset))
        return cls(number, frozenset(sources), since_ms)

    @property
    def starts(self) -> dict[Partition, int]:
        """Return the first source offset of each partition."""
        starts: dict[Partition, int] = {}
        for partition, offset in self.sources:
            starts[partition] = min(offset, starts.get(partition, offset))
        return starts


def redrive(settings: Settings, options: RedriveOptions, form: Format) -> ExitStatus:
    """Redrive the selected dead letters and print their number by result.

    Raise as Cluster's methods do, and RefusedError if a topic is missing or rejects all records.
    """
    with closing(Checkpoint(settings.kafka, options.checkpoint)) as checkpoint:
        return Redrive(settings, options, checkpoint).run(form)


class Redrive:
    """One run of the command."""

    def __init__(self, settings: Settings, options: RedriveOptions, checkpoint: Checkpoint) -> None:
        self._settings = settings
        self._options = options
        self._checkpoint = checkpoint
        self._cluster = checkpoint.cluster
        self._decider = command_decider(settings)
        topics, group = settings.kafka.topics, None if options.any_group else settings.kafka.group_id
        self._redrive_filter = RedriveFilter(
            self._cluster, self._decider, topics, group, options.filters, options.max_redrives
        )
        self._results: Counter[RedriveResult] = Counter()
        self._passed: dict[Partition, int] = {}  # offsets to commit with the next dead letter, or at the end
        self._next_at = 0.0
        self._signals: StopSignals | None = None  # until something is sent, Ctrl-C ends the process

    def run(self, form: Format) -> ExitStatus:
        """Select, redrive and report."""
        everything = ranges_of(self._cluster, self._settings.kafka.dead_letter_topic)
        ranges = self._checkpoint.left(everything, self._options.repeat.begin)
        say(self._progress(ranges, everything))
        selected = self._select(ranges)
        if self._options.repeat.mode is Mode.DRY_RUN:
            self._redrive_all(ranges, selected.number, Nowhere(self._options.destination))
            put(self._table(form), form)
            say("Dry run: nothing was written. Add --execute to redrive.")
            return ExitStatus.DONE
        return self._execute(ranges, selected.number, form)

    def _execute(self, ranges: Mapping[Partition, Range], selected: int, form: Format) -> ExitStatus:
        self._checkpoint.begin(ranges, self._options.repeat.begin)
        self._signals = StopSignals()
        target = self._target()
        try:
            finished = self._redrive_all(ranges, selected, target)
            self._commit()
            self._checkpoint.end()
        except ConsumerError:
            say(self._checkpoint.how_to_resume)
            raise
        finally:
            target.close()
            put(self._table(form), form)
        if complaint := target.complaint():
            say(f"{'Finished' if finished else 'Stopped'}: {complaint}")
        if not finished:
            say(self._checkpoint.how_to_resume if complaint else f"Interrupted. {self._checkpoint.how_to_resume}")
        if not finished or complaint:
            return ExitStatus.PARTLY_DONE
        return ExitStatus.PARTLY_DONE if any(self._results[result] for result in MISSED) else ExitStatus.DONE

    def _select(self, ranges: Mapping[Partition, Range]) -> Selected:
        """Find the selected dead letters and the newer records of their contacts."""
        found = dead_letters(self._cluster, ranges)
        selected = Selected.of(
            each for each in found if self._redrive_filter.selects(each) and self._redrive_filter.owns(each)
        )
        if selected.number and self._options.repeat.stale is Stale.SKIP:
            topics, sources = self._settings.kafka.topics, selected.sources

            def sent(partition: Partition, offset: int, _decision: Enrolled) -> bool:
                return (partition, offset) in sources

            self._redrive_filter.newest = look_through(
                self._cluster, self._decider, topics, selected.starts, selected.since_ms, sent
            )
        return selected

    def _redrive_all(self, ranges: Mapping[Partition, Range], selected: int, target: Target) -> bool:
        """Process the dead letters. Return whether all were processed."""
        with bar("Redriving", selected, "dead letters") as advance:
            for dead_letter in dead_letters(self._cluster, ranges):
                if not self._wait_for_rate():
                    return False
                result = (
                    self._redrive_one(dead_letter, target)
                    if self._redrive_filter.selects(dead_letter)
                    else RedriveResult.NOT_SELECTED
                )
                if result is None:
                    return False
                self._passed[dead_letter.position.partition] = dead_letter.position.offset + 1
                if result in SENT:
                    self._next_at = time.monotonic() + (1 / self._options.rate if self._options.rate else 0.0)
                    self._commit()
                if result is not RedriveResult.NOT_SELECTED:
                    self._results[result] += 1
                    advance(1)
        self._passed |= {partition: span.stop for partition, span in ranges.items()}
        return True

    def _redrive_one(self, dead_letter: StoredDeadLetter, target: Target) -> RedriveResult | None:
        """Return the result of the dead letter. None: a stop signal interrupted the delivery."""
        found = self._redrive_filter.sort(dead_letter)
        if isinstance(found, RedriveResult):
            return found
        headers = redriven(dead_letter, found.record.headers, found.events)
        return target.send(found._replace(record=structs.replace(found.record, headers=headers)))

    def _wait_for_rate(self) -> bool:
        """Wait until the rate allows the next dead letter. Return False on a stop signal."""
        while not self._stopped() and (left := self._next_at - time.monotonic()) > 0:
            time.sleep(min(left, SLEEP_SECONDS))
        return not self._stopped()

    def _stopped(self) -> bool:
        return self._signals is not None and self._signals.came

    def _commit(self) -> None:
        passed, self._passed = self._passed, {}
        self._checkpoint.commit(passed)

    def _target(self) -> Target:
        if self._options.destination is Destination.DELIVER:
            return ToClickSend(self._settings, self._stopped)
        kafka = self._settings.kafka
        there = self._cluster.partitions_of(kafka.topics)
        if missing := sorted(set(kafka.topics) - set(there)):
            raise RefusedError(f"The topic {', '.join(missing)} does not exist. Check KAFKA_TOPIC.")
        return ToSource(kafka, there)

    def _table(self, form: Format) -> str:
        rows: Iterable[tuple[RedriveResult, int]] = (
            (result, self._results[result]) for result in RedriveResult if self._results[result]
        )
        return rendered([{"outcome": result.value, "dead_letters": number} for result, number in rows], form)

    def _progress(self, ranges: Mapping[Partition, Range], everything: Mapping[Partition, Range]) -> str:
        passed, total = (
            sum(ranges[each].start - span.start for each, span in everything.items()),
            offsets_in(everything),
        )
        return f"Earlier runs have processed {passed} of {total} offsets (checkpoint {self._checkpoint.group})."
