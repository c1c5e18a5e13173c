"""Explain events from a file, stdin or Kafka."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from consumer.commands.explain.explanation import Explainer, Explanation
from consumer.commands.explain.reading import events
from consumer.commands.explain.rendering import ExplainSummary, Privacy, json_line, text
from consumer.commands.output import Format, progress
from consumer.commands.readings import command_decider
from consumer.enrolment.enroller import Enroller
from consumer.errors import RefusedError
from consumer.exit_status import ExitStatus
from consumer.formats.decider import Decider
from consumer.settings import Sources, load
from consumer.settings.enrolment import Enrolment
from consumer.settings.views import enrolment_rules
from consumer.terminal import say, show, show_json

if TYPE_CHECKING:
    from consumer.commands.explain.kafka import RecordQuery


@dataclass(frozen=True, slots=True)
class Display:
    """The format of printed explanations."""

    form: Format
    privacy: Privacy


class Explained(NamedTuple):
    """An explanation, and its step of the progress bar."""

    explanation: Explanation
    step: int


def explain_file(sources: Sources, file: Path | None, look: Display) -> ExitStatus:
    """Explain the events in a file. None: in stdin. Raises RefusedError for an unreadable file."""
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


def explain_kafka(sources: Sources, asked: RecordQuery, look: Display) -> ExitStatus:
    """Explain records in Kafka, without a group. Raises as Cluster's methods do.

    asked -- without topics, those of KAFKA_TOPIC
    """
    from consumer.commands.explain.kafka import messages, ranges_of  # noqa: PLC0415 -- the same
    from consumer.commands.kafka.cluster import Cluster  # noqa: PLC0415 -- a file needs no Kafka
    from consumer.commands.kafka.records import offsets_in  # noqa: PLC0415 -- the same
    from consumer.dead_letters.format import redrives  # noqa: PLC0415 -- the same
    from consumer.scheduling.task import headers_of  # noqa: PLC0415 -- the same

    settings = load(sources, ("enrolment", "kafka", "registry"))
    explainer = _explainer(command_decider(settings), settings.enrolment)
    query = replace(asked, topics=asked.topics or settings.kafka.topics)
    if query.offset is not None and len(query.topics) > 1:
        raise RefusedError("KAFKA_TOPIC names several topics: choose one with --topic.")
    with closing(Cluster(settings.kafka)) as cluster:
        cluster.brokers()
        ranges = ranges_of(query, cluster)
        now_ms = round(time.time() * 1000)
        explained = (
            Explained(each, 0 if number else 1)
            for m in messages(cluster, ranges)
            for number, each in enumerate(
                explainer.explanations(
                    f"{m.topic()}-{m.partition()}@{m.offset()}",
                    m.value(),
                    -1 if redrives(headers_of(m) or []) else m.timestamp()[1],  # a redriven record never expires
                    now_ms,
                    partial(headers_of, m),
                )
            )
        )
        return _show(explained, offsets_in(ranges), "records", look)


def _explainer(decider: Decider, enrolment: Enrolment) -> Explainer:
    return Explainer(decider, round(enrolment.max_event_age * 1000), enrolment.event_path, enrolment.fields)


def _of_stream(explainer: Explainer, stream: BinaryIO) -> Iterator[Explained]:
    if stream.isatty():
        say("Reading events from the terminal, one per line; end with Ctrl-D.")
    for event in events(stream):
        for number, each in enumerate(explainer.explanations(event.source, event.value)):
            yield Explained(each, 0 if number else event.size)


def _show(
    explained: Iterable[Explained],
    total: int | None,
    unit: str,
    look: Display,
    flush: Callable[[], None] | None = None,
) -> ExitStatus:
    """Print each explanation, and a summary at the end or on Ctrl-C. flush -- called after each, for pipes."""
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
    """Show no progress."""
