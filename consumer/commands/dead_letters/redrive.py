"""`dead-letters redrive`: redrives one dead letter at a time and commits it when its result is acknowledged."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from msgspec import structs

from consumer.commands.dead_letters.filters import Filters
from consumer.commands.dead_letters.reading import dead_letters, ranges_of
from consumer.commands.dead_letters.redrive_filter import MISSED, SENT, RedriveFilter, RedriveResult
from consumer.commands.dead_letters.stored import StoredDeadLetter
from consumer.commands.dead_letters.targets import Destination, Nowhere, Target, ToClickSend, ToSource
from consumer.commands.kafka.checkpoint import Checkpoint, name_of
from consumer.commands.kafka.records import Range
from consumer.commands.kafka.staleness import look_through
from consumer.commands.modes import Begin, Mode, Stale
from consumer.commands.output import Format, put, rendered
from consumer.commands.progress import bar
from consumer.commands.readings import command_decider
from consumer.commands.signals import StopSignals
from consumer.dead_letters.format import REDRIVE_COUNT, REDRIVEN_FROM
from consumer.enrolment.enroller import Enrolled
from consumer.errors import ConsumerError, RefusedError
from consumer.exit_status import ExitStatus
from consumer.kafka.options import StreamOptions
from consumer.scheduling.task import Partition
from consumer.settings import Settings
from consumer.settings.views import client_properties
from consumer.terminal import say

SLEEP_SECONDS = 0.05  # the longest delay before a signal is noticed


@dataclass(frozen=True, slots=True)
class RedriveOptions:
    """Options of a redrive.

    any_group -- include dead letters of other worker groups
    rate      -- dead letters per second at most; 0: no limit
    name      -- name of the checkpoint; None: made of destination and filters, so that the same command resumes
    """

    destination: Destination
    filters: Filters
    mode: Mode = Mode.DRY_RUN
    begin: Begin = Begin.CHECKPOINT
    stale: Stale = Stale.SKIP
    max_redrives: int = 3
    rate: float = 0.0
    name: str | None = None
    any_group: bool = False

    @property
    def checkpoint(self) -> str:
        return self.name or name_of(self.destination, *self.filters.name_parts, *(["any"] if self.any_group else []))


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
    checkpoint = Checkpoint(settings.kafka, options.checkpoint)
    try:
        return Redrive(settings, options, checkpoint).run(form)
    finally:
        checkpoint.close()


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
        anew = self._options.begin is Begin.ANEW
        ranges = everything if anew else self._checkpoint.left(everything)
        say(self._progress(ranges, everything))
        selected = self._select(ranges)
        if self._options.mode is Mode.DRY_RUN:
            self._redrive_all(ranges, selected.number, Nowhere(self._options.destination))
            put(self._table(form), form)
            say("Dry run: nothing was written. Add --execute to redrive.")
            return ExitStatus.DONE
        return self._execute(ranges, selected.number, form)

    def _execute(self, ranges: Mapping[Partition, Range], selected: int, form: Format) -> ExitStatus:
        self._checkpoint.begin(ranges, self._options.begin)
        self._signals = StopSignals()
        target = self._target()
        try:
            finished = self._redrive_all(ranges, selected, target)
            self._commit()
            self._checkpoint.end()
        except ConsumerError:
            say(self._how_to_resume())
            raise
        finally:
            target.close()
            put(self._table(form), form)
        if complaint := target.complaint():
            say(f"{'Finished' if finished else 'Stopped'}: {complaint}")
        if not finished:
            say(self._how_to_resume() if complaint else f"Interrupted. {self._how_to_resume()}")
        if not finished or complaint:
            return ExitStatus.PARTLY_DONE
        return ExitStatus.PARTLY_DONE if any(self._results[result] for result in MISSED) else ExitStatus.DONE

    def _select(self, ranges: Mapping[Partition, Range]) -> Selected:
        """Find the selected dead letters and the newer records of their contacts."""
        found = dead_letters(self._cluster, ranges)
        selected = Selected.of(
            each for each in found if self._redrive_filter.selects(each) and self._redrive_filter.owns(each)
        )
        if selected.number and self._options.stale is Stale.SKIP:
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
        record, decision = found
        ours = [
            (REDRIVE_COUNT, str(dead_letter.redrives + 1).encode()),
            (REDRIVEN_FROM, str(dead_letter.position).encode()),
        ]
        headers = [(name, value) for name, value in record.headers if name not in (REDRIVE_COUNT, REDRIVEN_FROM)]
        return target.send(structs.replace(record, headers=[*headers, *ours]), decision)

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
        return ToSource(
            StreamOptions(kafka.topics, kafka.group_id, kafka.dead_letter_topic, client_properties(kafka)), there
        )

    def _table(self, form: Format) -> str:
        rows: Iterable[tuple[RedriveResult, int]] = (
            (result, self._results[result]) for result in RedriveResult if self._results[result]
        )
        return rendered([{"outcome": result.value, "dead_letters": number} for result, number in rows], form)

    def _progress(self, ranges: Mapping[Partition, Range], everything: Mapping[Partition, Range]) -> str:
        passed = sum(ranges[partition].start - span.start for partition, span in everything.items())
        total = sum(span.stop - span.start for span in everything.values())
        return f"Earlier runs have processed {passed} of {total} offsets (checkpoint {self._checkpoint.group})."

    def _how_to_resume(self) -> str:
        return f"Run the same command to resume (checkpoint {self._checkpoint.group})."
