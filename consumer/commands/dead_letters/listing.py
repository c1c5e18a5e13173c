"""`dead-dead_letters list` and `dead-dead_letters show`: they read, and change nothing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from consumer.commands.dead_letters.filters import Filters
from consumer.commands.dead_letters.reading import dead_letter_at, dead_letters, ranges_of
from consumer.commands.dead_letters.source_values import original
from consumer.commands.dead_letters.stored import SourcePosition, StoredDeadLetter, printable
from consumer.commands.kafka.cluster import Cluster
from consumer.commands.output import Format, put, rendered
from consumer.commands.progress import progress
from consumer.errors import RefusedError
from consumer.exit_status import ExitStatus
from consumer.settings.model import Kafka
from consumer.terminal import say

Fact = tuple[str, str | None]


def list_dead_letters(kafka: Kafka, filters: Filters, form: Format, *, any_group: bool) -> ExitStatus:
    """Print the letters that match, a line each, and on stderr how many of which reason.

    any_group -- also letters of other worker groups

    Raises as Cluster's methods do, and RefusedError where there is no dead-letter topic.
    """
    cluster = Cluster(kafka)
    try:
        ranges = ranges_of(cluster, kafka.dead_letter_topic)
        reasons: Counter[str] = Counter()
        others = 0
        rows = []
        with progress("Reading dead letters", sum(span.stop - span.start for span in ranges.values())) as advance:
            for dead_letter in dead_letters(cluster, ranges):
                advance(1)
                if not filters.match(dead_letter):
                    continue
                if not any_group and not dead_letter.is_of(kafka.group_id):
                    others += 1
                    continue
                reasons[dead_letter.reason or "no letter of ours"] += 1
                if form is Format.JSON:
                    put(rendered([dead_letter.row()], form), form)
                else:
                    rows.append(dead_letter.row())
        put(rendered(sorted(rows, key=lambda row: str(row["timestamp"])), form), form)
    finally:
        cluster.close()
    each = ", ".join(f"{number} {reason}" for reason, number in reasons.most_common())
    say(f"{reasons.total()} dead letters in {kafka.dead_letter_topic}{f': {each}' if each else ''}.")
    if others:
        say(f"{others} of other groups are left out; --any-group lists them, too.")
    return ExitStatus.DONE


def show_dead_letter(kafka: Kafka, place: SourcePosition, form: Format) -> ExitStatus:
    """Print one letter's headers. Raises as `list_dead_letters`."""
    cluster = Cluster(kafka)
    try:
        dead_letter = dead_letter_at(cluster, kafka.dead_letter_topic, place, kafka.group_id)
    finally:
        cluster.close()
    _print(_headers(dead_letter), form)
    return ExitStatus.DONE


def reveal_dead_letter(kafka: Kafka, place: SourcePosition, form: Format) -> ExitStatus:
    """Print one letter with its key and its value, which may be personal data; a pointer's from the source topic.

    Raises as `show_dead_letter`.
    """
    cluster = Cluster(kafka)
    try:
        dead_letter = dead_letter_at(cluster, kafka.dead_letter_topic, place, kafka.group_id)
        record = (
            original(cluster, dead_letter, dead_letter.source)
            if dead_letter.source
            else dead_letter.record(dead_letter.place)
        )
    finally:
        cluster.close()
    if record is None:
        _print(_headers(dead_letter), form)
        raise RefusedError(f"The value is no more: the letter only points to it, and {dead_letter.source} is gone.")
    key = None if record.key is None else printable(record.key)
    value = None if record.value is None else printable(record.value)
    _print([*_headers(dead_letter), ("key", key), ("value", value)], form)
    return ExitStatus.DONE


def _headers(dead_letter: StoredDeadLetter) -> list[Fact]:
    row = dead_letter.row()
    facts = [
        (name, None if row[name] is None else str(row[name])) for name in ("letter", "source", "timestamp", "bytes")
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
    """A name that is there several times, as a header may be, has a list."""
    found: dict[str, list[str | None]] = {}
    for name, value in facts:
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}
