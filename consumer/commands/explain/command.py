"""Explains events from a file, from stdin, or straight from Kafka."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

from consumer.commands.explain.explanation import Explainer, Explanation
from consumer.commands.explain.reading import events
from consumer.commands.explain.rendering import ExplainSummary, Privacy, json_line, text
from consumer.commands.output import Format
from consumer.commands.progress import progress
from consumer.commands.readings import command_decider
from consumer.enrolment.enroller import Enroller
from consumer.errors import RefusedError
from consumer.exit_status import ExitStatus
from consumer.formats.decider import Decider
from consumer.settings import Sources, load
from consumer.settings.model import Enrolment
from consumer.settings.views import enrolment_rules
from consumer.terminal import say, show, show_json


@dataclass(frozen=True, slots=True)
class Display:
    """What is shown, and how."""

    form: Format
    privacy: Privacy


@dataclass(frozen=True, slots=True)
class FromKafka:
    """Options that name records in Kafka. topic -- None: KAFKA_TOPIC; last -- of each partition."""

    topic: str | None
    partition: int | None
    offset: int | None
    last: int | None


class Explained(NamedTuple):
    """An explanation, and how far it brings the progress bar."""

    explanation: Explanation
    step: int


def explain_file(sources: Sources, file: Path | None, look: Display) -> ExitStatus:
    """Explain the events in a file; None: in stdin. Raises RefusedError where it can't be read."""
    enrolment = load(sources, ("enrolment",)).enrolment
    explainer = _explainer(Decider(Enroller(enrolment_rules(enrolment))), enrolment)
    if file is None:
        return _show(_of_stream(explainer, sys.stdin.buffer), None, "bytes", look, sys.stdout.flush)
    try:
        stream = file.open("rb")
    except OSError as error:
        raise RefusedError(f"{file} can't be read: {error.strerror}.") from None
    with stream:
        return _show(_of_stream(explainer, stream), file.stat().st_size, "bytes", look)


def explain_kafka(sources: Sources, asked: FromKafka, look: Display) -> ExitStatus:
    """Explain records straight from Kafka, without a group. Raises as Cluster's methods do."""
    from consumer.commands.explain.kafka import RecordQuery, messages, ranges_of  # noqa: PLC0415 -- the same
    from consumer.commands.kafka.cluster import Cluster  # noqa: PLC0415 -- a file needs no Kafka
    from consumer.dead_letters.format import redrives  # noqa: PLC0415 -- the same
    from consumer.scheduling.task import headers_of  # noqa: PLC0415 -- the same

    settings = load(sources, ("enrolment", "kafka", "registry"))
    explainer = _explainer(command_decider(settings), settings.enrolment)
    topics = (asked.topic,) if asked.topic else settings.kafka.topics
    if asked.offset is not None and len(topics) > 1:
        raise RefusedError("KAFKA_TOPIC names several topics: say with --topic which one.")
    cluster = Cluster(settings.kafka)
    try:
        cluster.brokers()
        ranges = ranges_of(RecordQuery(topics, asked.partition, asked.offset, asked.last or 1), cluster)
        now_ms = round(time.time() * 1000)
        explained = (
            Explained(
                explainer.explain(
                    f"{m.topic()}-{m.partition()}@{m.offset()}",
                    m.value(),
                    -1 if redrives(headers_of(m) or []) else m.timestamp()[1],  # a redriven record is never too old
                    now_ms,
                    partial(headers_of, m),
                ),
                1,
            )
            for m in messages(cluster, ranges)
        )
        return _show(explained, sum(stop - start for start, stop in ranges.values()), "records", look)
    finally:
        cluster.close()


def _explainer(decider: Decider, enrolment: Enrolment) -> Explainer:
    return Explainer(decider, round(enrolment.max_event_age * 1000), enrolment.event_path)


def _of_stream(explainer: Explainer, stream: BinaryIO) -> Iterator[Explained]:
    if stream.isatty():
        say("Reading events from the terminal, one a line; end with Ctrl-D.")
    for event in events(stream):
        yield Explained(explainer.explain(event.source, event.value), event.size)


def _show(
    explained: Iterable[Explained],
    total: int | None,
    unit: str,
    look: Display,
    flush: Callable[[], None] | None = None,
) -> ExitStatus:
    """Print each, and the summary at the end, also of an interrupted one. flush -- after each, for a waiting reader."""
    summary = ExplainSummary()
    try:
        with progress("explaining", total, unit) if total else nullcontext(_ignore) as advance:
            for each, step in explained:
                if look.form is Format.JSON:
                    show_json(json_line(each))
                else:
                    show(text(each, look.privacy))
                summary.add(each)
                advance(step)
                if flush is not None:
                    flush()
        sys.stdout.flush()
    except KeyboardInterrupt:
        say(summary.text().removesuffix("\n"))
        raise
    say(summary.text().removesuffix("\n"))
    return ExitStatus.DONE


def _ignore(_step: int) -> None:
    """No bar."""
