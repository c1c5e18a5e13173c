"""`replay`: delivers a bounded range again with the worker's engine, beside the live group."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from contextlib import closing
from dataclasses import dataclass, replace

from msgspec import structs

from consumer.app import credential_store, event_loop_driver, scheduler
from consumer.commands.kafka.checkpoint import Checkpoint, name_of
from consumer.commands.kafka.partitions import Scope, chosen
from consumer.commands.kafka.records import Range, offsets_in, read
from consumer.commands.kafka.staleness import look_through
from consumer.commands.kafka.target_watch import TargetWatch
from consumer.commands.output import Format, bar, put, rendered
from consumer.commands.readings import SCHEMA_SECONDS, command_decider, decisions_on
from consumer.commands.repeat import Mode, Repeat, Stale
from consumer.commands.replay.bounds import Bounds
from consumer.commands.replay.range_consumer import RangeClients, RangePlan
from consumer.commands.replay.selection import DELIVER, Only, Selection
from consumer.commands.signals import StopSignals
from consumer.commands.timestamps import pace
from consumer.enrolment.disposition import Disposition, dominant_reason
from consumer.enrolment.enroller import Decision, Enrolled, Filtered, Undeliverable
from consumer.errors import ConsumerError
from consumer.exit_status import ExitStatus
from consumer.kafka.properties import GroupProtocol, OffsetReset
from consumer.monitoring.health import Health
from consumer.scheduling.task import Partition
from consumer.settings import Settings
from consumer.settings.kafka import client_properties
from consumer.terminal import say
from consumer.threads import OsThreads
from consumer.worker.poll_loop import Source
from consumer.worker.worker import Ending, Worker

Ranges = Mapping[Partition, Range]


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """The options of a replay.

    scopes -- topics and partitions; none: all of KAFKA_TOPIC
    """

    bounds: Bounds
    scopes: tuple[Scope, ...]
    only: Only
    repeat: Repeat


def replay(settings: Settings, options: ReplayOptions, form: Format) -> ExitStatus:
    """Deliver the range again, and print the number of records by outcome.

    Raises as Cluster's methods and `Worker.run` do, and RefusedError for a missing topic or partition.
    """
    scopes = options.scopes or tuple(Scope(topic) for topic in settings.kafka.topics)
    name = options.repeat.name or name_of("replay", scopes, options.bounds, options.only)
    with closing(Checkpoint(settings.kafka, name)) as checkpoint:
        return Replay(settings, replace(options, scopes=scopes), checkpoint).run(form)


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
        self._undecoded = ""  # why records could not be decoded
        self._away_since: float | None = None  # the Schema Registry; monotonic seconds

    def run(self, form: Format) -> ExitStatus:
        """Find the rest of the range, deliver it and print the counts; a dry run only counts."""
        ranges = self._find_ranges()
        rest = self._checkpoint.left(ranges, self._options.repeat.begin)
        left = {each: span for each, span in rest.items() if span.start < span.stop}
        self._announce(ranges, left)
        if not left:
            return ExitStatus.DONE
        if self._options.repeat.stale is Stale.SKIP:
            self._guard(ranges)
        if self._options.repeat.mode is Mode.DRY_RUN:
            self._count(left)
            self._print(form)
            say("Dry run: nothing was sent.")
            return ExitStatus.DONE
        self._checkpoint.begin(left, self._options.repeat.begin)
        return self._deliver(ranges, left, form)

    def _find_ranges(self) -> dict[Partition, Range]:
        self._cluster.brokers()
        scopes, bounds = self._options.scopes, self._options.bounds
        partitions = chosen(scopes, self._cluster.partitions_of(scope.topic for scope in scopes))
        log_ends, ends = self._cluster.log_ends(partitions), self._cluster.ends(partitions)
        say(*(f"{warning}." for warning in bounds.warnings(ends, log_ends)))
        return bounds.ranges(self._cluster, ends)

    def _announce(self, ranges: Ranges, left: Ranges) -> None:
        records, all_records = offsets_in(left), offsets_in(ranges)
        takes = pace(records, self._settings.delivery.max_requests_per_second)
        where = f"{len(left)} partition{'' if len(left) == 1 else 's'}"
        what = f"{records} offsets of {where}{takes}"
        if records < all_records:
            what += f"; {all_records - records} were replayed earlier"
        say(f"{what} (checkpoint {self._checkpoint.group}).")
        if not records and all_records:
            say("This replay is complete. --restart runs it again.")

    def _guard(self, ranges: Ranges) -> None:
        """Find contacts with a newer record than the replayed ones."""

        def sent(partition: Partition, offset: int, decision: Enrolled) -> bool:
            span = ranges.get(partition, Range(0, 0))
            return span.start <= offset < span.stop and self._selection.means(decision)

        topics, starts = {partition.topic for partition in ranges}, {each: span.start for each, span in ranges.items()}
        since_ms = max(0, min((each.timestamp()[1] for each in read(self._cluster, ranges)), default=0))
        self._selection.newest = look_through(
            self._cluster, self._decider, topics, starts, since_ms, sent, in_order=True
        )

    def _count(self, left: Ranges) -> None:
        """Count the outcomes of a replay, without requests."""
        with bar("Reading", offsets_in(left)) as advance:
            for message in read(self._cluster, left):
                advance(1)
                if self._selection.sort(message) is None:
                    decisions = decisions_on(self._decider, message)
                    chosen = self._selection.chosen(message) or decisions
                    self._counts[_fate([decisions[index] for index in chosen if index in decisions])] += 1

    def _deliver(self, ranges: Ranges, left: Ranges, form: Format) -> ExitStatus:
        clock, threads = time.monotonic, OsThreads()
        engine, watch = scheduler(self._settings, threads), TargetWatch(self._settings, clock)
        with bar("Replaying", offsets_in(left)) as advance:

            def turned(partitions: int) -> None:
                counts, in_progress = engine.counts()
                settled = sum(counts.settled.values()) + counts.skipped + self._selection.left.total()
                progress.to(settled)
                self._undecoded = self._undecoded or self._registry_away(health, clock())
                ended = not partitions and not in_progress and not health.unread
                if watch.gives_up(engine.gate.fault) or self._undecoded or ended:
                    worker.stop()

            progress, health, settings = _Progress(advance), Health(clock()), self._worker_settings()
            plan = RangePlan(left, self._selection.keep, turned)
            worker = Worker(
                settings,
                Source(RangeClients(client_properties(settings.kafka), plan), self._decider, self._selection.chosen),
                engine,
                event_loop_driver(settings, clock, credential_store(settings)),
                watch,
                health,
                threads,
                clock,
            )
            StopSignals(worker.stop)
            try:
                ending = worker.run()
            except ConsumerError:
                say(self._checkpoint.how_to_resume)
                raise
            finally:
                counts, _ = engine.counts()
                self._counts.update({(each.value, reason.value): n for (each, reason), n in counts.settled.items()})
                self._print(form)
        return self._ended(ending, ranges, self._undecoded or watch.complaint(engine.gate.fault))

    def _registry_away(self, health: Health, now: float) -> str:
        """Return why records can't be decoded, once that has lasted for SCHEMA_SECONDS."""
        if not (health.registry_fault and health.schema_waits):
            self._away_since = None
            return ""
        self._away_since = now if self._away_since is None else self._away_since
        return f"the Schema Registry: {health.registry_fault}" if now - self._away_since >= SCHEMA_SECONDS else ""

    def _ended(self, ending: Ending, ranges: Ranges, complaint: str) -> ExitStatus:
        if ending is Ending.UNANSWERED:  # closing would wait for the response until the session times out
            say(f"Kafka did not confirm the last commit. {self._checkpoint.how_to_resume}")
            os._exit(ExitStatus.PARTLY_DONE)
        self._checkpoint.end()
        if complaint:
            say(f"Stopped: {complaint}")
        if all(span.start >= span.stop for span in self._checkpoint.left(ranges).values()):
            return ExitStatus.PARTLY_DONE if complaint else ExitStatus.DONE
        say(f"Incomplete. {self._checkpoint.how_to_resume}")
        return ExitStatus.PARTLY_DONE

    def _worker_settings(self) -> Settings:
        kafka = structs.replace(
            self._settings.kafka,
            topic=tuple(dict.fromkeys(scope.topic for scope in self._options.scopes)),
            group_id=self._checkpoint.group,
            group_protocol=GroupProtocol.CLASSIC,  # without effect: no group is joined
            group_instance_id=None,
            auto_offset_reset=OffsetReset.EARLIEST,
        )
        enrolment = structs.replace(
            self._settings.enrolment,
            max_event_age=0.0,  # a replay is meant to deliver old records
            unrecognised_limit=0,  # a held partition would keep the replay from ending
        )
        return self._settings.with_sections(kafka=kafka, enrolment=enrolment)

    def _print(self, form: Format) -> None:
        self._counts.update({("left", left.value): number for left, number in self._selection.left.items()})
        rows = [
            {"disposition": disposition, "reason": reason or None, "records": number}
            for (disposition, reason), number in self._counts.items()
            if number
        ]
        put(rendered(rows, form), form)


def _fate(decisions: Collection[Decision]) -> tuple[str, str]:
    """Return disposition and reason of a record with these events, as far as known without a request."""
    if any(isinstance(decision, Enrolled) for decision in decisions):
        return DELIVER, ""
    for decision in decisions:
        if isinstance(decision, Undeliverable):
            return Disposition.DEAD_LETTERED, decision.reason
    reasons = [decision.reason for decision in decisions if isinstance(decision, Filtered)]
    return Disposition.FILTERED, dominant_reason(reasons)


class _Progress:
    """Turns a running total into steps."""

    def __init__(self, advance: Callable[[int], None]) -> None:
        self._advance = advance
        self._at = 0

    def to(self, total: int) -> None:
        if total > self._at:
            self._advance(total - self._at)
            self._at = total
