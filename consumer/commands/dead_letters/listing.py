"""`dead-letters list` and `dead-letters show`; both are read-only."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from contextlib import closing

from consumer.commands.dead_letters.filters import Filters
from consumer.commands.dead_letters.reading import dead_letter_at, dead_letters, ranges_of, source_record
from consumer.commands.kafka.cluster import Cluster
from consumer.commands.kafka.records import offsets_in
from consumer.commands.output import Format, Row, progress, put, rendered
from consumer.commands.timestamps import shown_moment
from consumer.dead_letters.format import SourcePosition, StoredDeadLetter, printable
from consumer.errors import RefusedError
from consumer.exit_status import ExitStatus
from consumer.settings.kafka import Kafka
from consumer.terminal import say

Fact = tuple[str, str | None]


def list_dead_letters(kafka: Kafka, filters: Filters, form: Format, *, any_group: bool) -> ExitStatus:
    """Print the matching dead letters, one per line, and their number by reason on stderr.

    any_group -- include dead letters of other worker groups

    Raise as Cluster's methods do, and RefusedError if the dead-letter topic does not exist.
    """
    with closing(Cluster(kafka)) as cluster:
        ranges = ranges_of(cluster, kafka.dead_letter_topic)
        reasons: Counter[str] = Counter()
        others = 0
        rows = []
        with progress("Reading dead letters", offsets_in(ranges)) as advance:
            for dead_letter in dead_letters(cluster, ranges):
                advance(1)
                if not filters.match(dead_letter):
                    continue
                if not any_group and not dead_letter.is_of(kafka.group_id):
                    others += 1
                    continue
                reasons[dead_letter.reason or "foreign record"] += 1
                if form is Format.JSON:
                    put(rendered([row_of(dead_letter)], form), form)
                else:
                    rows.append(row_of(dead_letter))
        put(rendered(sorted(rows, key=lambda row: str(row["timestamp"])), form), form)
    each = ", ".join(f"{number} {reason}" for reason, number in reasons.most_common())
    say(f"{reasons.total()} dead letters in {kafka.dead_letter_topic}{f': {each}' if each else ''}.")
    if others:
        say(f"{others} of other groups are not listed; --any-group includes them.")
    return ExitStatus.DONE


def row_of(dead_letter: StoredDeadLetter) -> Row:
    """Return a row of the list, free of personal data."""
    timestamp_ms = dead_letter.timestamp_ms
    return {
        "dead_letter": str(dead_letter.position),
        "source": str(dead_letter.source) if dead_letter.source else None,
        "timestamp": shown_moment(timestamp_ms) if timestamp_ms >= 0 else None,
        **dead_letter.summary(),
    }


def show_dead_letter(kafka: Kafka, position: SourcePosition, form: Format) -> ExitStatus:
    """Print the headers of one dead letter. Raise as `list_dead_letters` does."""
    with closing(Cluster(kafka)) as cluster:
        dead_letter = dead_letter_at(cluster, kafka.dead_letter_topic, position, kafka.group_id)
    _print(_headers(dead_letter), form)
    return ExitStatus.DONE


def reveal_dead_letter(kafka: Kafka, position: SourcePosition, form: Format) -> ExitStatus:
    """Print one dead letter with its key and value, which may be personal data.

    Read the value from the source topic if the dead letter only points to it. Raise as `show_dead_letter` does.
    """
    with closing(Cluster(kafka)) as cluster:
        dead_letter = dead_letter_at(cluster, kafka.dead_letter_topic, position, kafka.group_id)
        record = (
            source_record(cluster, dead_letter, dead_letter.source)
            if dead_letter.source
            else dead_letter.record(dead_letter.position)
        )
    if record is None:
        _print(_headers(dead_letter), form)
        raise RefusedError(f"The value is lost: the dead letter only points to {dead_letter.source}, which is deleted.")
    key = None if record.key is None else printable(record.key)
    value = None if record.value is None else printable(record.value)
    _print([*_headers(dead_letter), ("key", key), ("value", value)], form)
    return ExitStatus.DONE


def _headers(dead_letter: StoredDeadLetter) -> list[Fact]:
    row = row_of(dead_letter)
    facts = [
        (name, None if row[name] is None else str(row[name]))
        for name in ("dead_letter", "source", "timestamp", "bytes")
    ]
    added = [(name, printable(value)) for name, value in dead_letter.added]
    own = [(f"header {name}", None if value is None else printable(value)) for name, value in dead_letter.own_headers]
    return [*facts, *added, *own]


def _print(facts: Sequence[Fact], form: Format) -> None:
    if form is Format.JSON:
        put(json.dumps(_as_object(facts), ensure_ascii=False) + "\n", form)
    else:
        put(rendered([{"name": name, "value": value} for name, value in facts], form), form)


def _as_object(facts: Sequence[Fact]) -> dict[str, str | list[str | None] | None]:
    """Return the facts by name, repeated headers as a list."""
    found: dict[str, list[str | None]] = {}
    for name, value in facts:
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}
