"""`replay`: delivers a bounded range again, by the worker's own engine, beside the live group."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from consumer.app import delivery, scheduler
from consumer.commands.kafka.checkpoint import Checkpoint, name_of
from consumer.commands.kafka.decisions import decision_on
from consumer.commands.kafka.partitions import Scope, chosen
from consumer.commands.kafka.records import Range, read
from consumer.commands.kafka.staleness import look_through
from consumer.commands.kafka.target_watch import TargetWatch, still_halted
from consumer.commands.modes import Begin, Mode, Stale
from consumer.commands.output import Format, put, rendered
from consumer.commands.pace import pace
from consumer.commands.progress import bar
from consumer.commands.readings import SCHEMA_SECONDS, command_decider
from consumer.commands.replay.bounds import Bounds
from consumer.commands.replay.range_consumer import RangeClients, RangePlan
from consumer.commands.replay.selection import DELIVER, Only, Selection
from consumer.commands.signals import StopSignals
from consumer.enrolment.disposition import Disposition
from consumer.enrolment.enroller import Decision, Enrolled, Filtered, Undeliverable
from consumer.errors import ConsumerError
from consumer.exit_status import ExitStatus
from consumer.kafka.options import GroupProtocol, OffsetReset, StreamOptions
from consumer.monitoring.health import Health
from consumer.scheduling.task import Partition
from consumer.settings import Settings
from consumer.settings.views import stream_options
from consumer.terminal import say
from consumer.threads import OsThreads
from consumer.worker.event_loop import EventLoopDriver
from consumer.worker.worker import Ending, Worker

Ranges = Mapping[Partition, Range]


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """What an operator asked for.

    scopes -- topics and partitions; none: all of KAFKA_TOPIC
    name   -- of the checkpoint; None: by the range as it was typed, so that the same command continues where it stopped
    """

    bounds: Bounds
    scopes: tuple[Scope, ...] = ()
    only: Only = field(default_factory=Only)
    mode: Mode = Mode.EXECUTE
    begin: Begin = Begin.CHECKPOINT
    stale: Stale = Stale.SKIP
    name: str | None = None


def replay(settings: Settings, options: ReplayOptions, form: Format) -> ExitStatus:
    """Deliver the range again, and print how many records ended how.

    Raises as Cluster's methods and `Worker.run` do, and RefusedError for a topic or partition that is not there.
    """
    scopes = options.scopes or tuple(Scope(topic) for topic in settings.kafka.topics)
    name = options.name or name_of("replay", scopes, options.bounds, options.only)
    checkpoint = Checkpoint(settings.kafka, name)
    try:
        return Replay(settings, replace(options, scopes=scopes), checkpoint).run(form)
    finally:
        checkpoint.close()


class Replay:
    """One run."""

    def __init__(self, settings: Settings, options: ReplayOptions, checkpoint: Checkpoint) -> None:
        self._settings = settings
        self._options = options
        self._checkpoint = checkpoint
        self._cluster = checkpoint.cluster
        self._decider = command_decider(settings)
        self._selection = Selection(self._decider, options.only)
        self._counts: Counter[tuple[str, str]] = Counter()
        self._gave_up = ""  # why
        self._away_since: float | None = None  # the Schema Registry; monotonic seconds

    def run(self, form: Format) -> ExitStatus:
        """Look, guard, replay, tell."""
        ranges = self._find_ranges()
        anew = self._options.begin is Begin.ANEW
        left = {
            each: span
            for each, span in (ranges if anew else self._checkpoint.left(ranges)).items()
            if span.start < span.stop
        }
        self._announce(ranges, left)
        if not left:
            return ExitStatus.DONE
        if self._options.stale is Stale.SKIP:
            self._guard(ranges)
        if self._options.mode is Mode.DRY_RUN:
            self._count(left)
            self._print(form)
            say("A dry run: nothing was sent.")
            return ExitStatus.DONE
        self._checkpoint.begin(left, self._options.begin)
        return self._deliver(ranges, left, form)

    def _find_ranges(self) -> dict[Partition, Range]:
        self._cluster.brokers()
        scopes, bounds = self._options.scopes, self._options.bounds
        partitions = chosen(scopes, self._cluster.partitions_of(scope.topic for scope in scopes))
        log_ends, ends = self._cluster.log_ends(partitions), self._cluster.ends(partitions)
        say(*(f"{warning}." for warning in bounds.warnings(ends, log_ends)))
        return bounds.ranges(self._cluster, ends)

    def _announce(self, ranges: Ranges, left: Ranges) -> None:
        records, all_records = (sum(span.stop - span.start for span in each.values()) for each in (left, ranges))
        takes = pace(records, self._settings.delivery.max_requests_per_second)
        where = f"{len(left)} partition{'' if len(left) == 1 else 's'}"
        what = f"{records} offsets of {where}{f', {takes}' if takes else ''}"
        if records < all_records:
            what += f"; {all_records - records} were replayed before"
        say(f"{what} (checkpoint {self._checkpoint.group}).")
        if not records and all_records:
            say("This replay is finished. --restart begins it anew.")

    def _guard(self, ranges: Ranges) -> None:
        """Look who has a newer record than those that are replayed."""

        def sent(partition: Partition, offset: int, decision: Enrolled) -> bool:
            span = ranges.get(partition, Range(0, 0))
            return span.start <= offset < span.stop and self._selection.means(decision)

        topics, starts = {partition.topic for partition in ranges}, {each: span.start for each, span in ranges.items()}
        since_ms = max(0, min((each.timestamp()[1] for each in read(self._cluster, ranges)), default=0))
        self._selection.newest = look_through(
            self._cluster, self._decider, topics, starts, since_ms, sent, in_order=True
        )

    def _count(self, left: Ranges) -> None:
        """Print what a replay would do."""
        with bar("Reading", sum(span.stop - span.start for span in left.values())) as advance:
            for message in read(self._cluster, left):
                advance(1)
                if self._selection.sort(message) is None:
                    self._counts[_fate(decision_on(self._decider, message))] += 1

    def _deliver(self, ranges: Ranges, left: Ranges, form: Format) -> ExitStatus:
        clock, threads = time.monotonic, OsThreads()
        engine, watch = scheduler(self._settings, threads), TargetWatch(self._settings, clock)
        total = sum(span.stop - span.start for span in left.values())
        with bar("Replaying", total) as advance:

            def turned(partitions: int) -> None:
                counts, in_progress = engine.counts()
                settled = sum(counts.settled.values()) + counts.skipped + self._selection.left.total()
                progress.to(settled)
                self._gave_up = self._gave_up or watch.reason(engine.gate.fault) or ""
                self._gave_up = self._gave_up or self._registry_away(health, clock())
                if self._gave_up or (not partitions and not in_progress and not health.schema_waits):
                    worker.stop()

            progress, health = _Progress(advance), Health(clock())
            worker = Worker(
                RangeClients(self._stream_options(), RangePlan(left, self._selection.keep, turned)),
                self._decider,
                engine,
                EventLoopDriver(delivery(self._settings), self._settings.clicksend.total_timeout, clock),
                watch,
                health,
                threads,
                clock,
            )
            StopSignals(worker.stop)
            try:
                ending = worker.run()
            except ConsumerError:
                say(self._how_to_go_on())
                raise
            finally:
                counts, _ = engine.counts()
                self._counts.update({(each.value, reason.value): n for (each, reason), n in counts.settled.items()})
                self._print(form)
        fault = engine.gate.fault
        return self._ended(ending, ranges, self._gave_up or (still_halted(fault) if fault is not None else ""))

    def _registry_away(self, health: Health, now: float) -> str:
        """Return why records can't be decoded, once that has lasted for SCHEMA_SECONDS."""
        if not (health.registry_fault and health.schema_waits):
            self._away_since = None
            return ""
        self._away_since = now if self._away_since is None else self._away_since
        return f"the Schema Registry: {health.registry_fault}" if now - self._away_since >= SCHEMA_SECONDS else ""

    def _ended(self, ending: Ending, ranges: Ranges, complaint: str) -> ExitStatus:
        if ending is Ending.UNANSWERED:  # closing would wait for the answer for as long as a session lasts
            say(f"Kafka did not answer the last commit. {self._how_to_go_on()}")
            os._exit(ExitStatus.PARTLY_DONE)
        self._checkpoint.end()
        if complaint:
            say(f"Ended: {complaint}")
        if all(span.start >= span.stop for span in self._checkpoint.left(ranges).values()):
            return ExitStatus.PARTLY_DONE if complaint else ExitStatus.DONE
        say(f"Stopped before the end. {self._how_to_go_on()}")
        return ExitStatus.PARTLY_DONE

    def _stream_options(self) -> StreamOptions:
        return replace(
            stream_options(self._settings),
            topics=tuple(dict.fromkeys(scope.topic for scope in self._options.scopes)),
            group_id=self._checkpoint.group,
            group_protocol=GroupProtocol.CLASSIC,  # joined is neither
            group_instance_id=None,
            offset_reset=OffsetReset.EARLIEST,
            max_event_age=0.0,  # who replays old records wants them
            unrecognised_limit=0,  # a replay that waits for an operator would never end
        )

    def _print(self, form: Format) -> None:
        self._counts.update({("left", left.value): number for left, number in self._selection.left.items()})
        rows = [
            {"disposition": disposition, "reason": reason or None, "records": number}
            for (disposition, reason), number in self._counts.items()
            if number
        ]
        put(rendered(rows, form), form)

    def _how_to_go_on(self) -> str:
        return f"Run the same command to resume (checkpoint {self._checkpoint.group})."


def _fate(decision: Decision) -> tuple[str, str]:
    """Disposition and reason, as far as they can be told without a request."""
    match decision:
        case Enrolled():
            return DELIVER, ""
        case Filtered(reason):
            return Disposition.FILTERED, reason
        case Undeliverable(reason, _):
            return Disposition.DEAD_LETTERED, reason


class _Progress:
    """Turns a running total into steps."""

    def __init__(self, advance: Callable[[int], None]) -> None:
        self._advance = advance
        self._at = 0

    def to(self, total: int) -> None:
        if total > self._at:
            self._advance(total - self._at)
            self._at = total
