"""Files of offsets: the undo file that a reset writes first, and the input of `--from-file`."""

from __future__ import annotations

import csv
import json
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TypeGuard

from consumer.commands.kafka.group import Commit
from consumer.errors import RefusedError
from consumer.scheduling.offset_map import MAX_OFFSET
from consumer.scheduling.task import Partition

FORMAT = "clicksend-consumer offsets 1"
Commits = dict[Partition, Commit | None]


def undo_name(group: str, now: datetime) -> Path:
    """Return the default name: by the group and the time, in the working directory."""
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", group)
    return Path(f"offsets-undo-{safe}-{now:%Y%m%dT%H%M%S.%fZ}.json")


def write_undo(path: Path, group: str, commits: Mapping[Partition, Commit | None], now: datetime) -> None:
    """Write the present commits atomically, never over an existing file.

    Raises RefusedError where that fails.
    """
    offsets = [
        {
            "topic": partition.topic,
            "partition": partition.number,
            "offset": commit.offset if commit else None,
            "metadata": commit.metadata if commit else "",
        }
        for partition, commit in sorted(commits.items())
    ]
    content = {"format": FORMAT, "group": group, "written": now.isoformat(), "offsets": offsets}
    try:
        # Unlike a rename, a link fails where the name exists; and the name never refers to half a file.
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.", encoding="utf-8") as file:
            json.dump(content, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
            os.link(file.name, path)
    except OSError as error:
        why = f"Writing the undo file {path} failed: {error.strerror}."
        raise RefusedError(f"{why} Nothing was changed; choose another file with --undo-file.") from None


def read_offsets(path: Path, group: str) -> Commits:
    """Return the offsets in an undo file, or in the CSV of kafka-consumer-groups: `[group,]topic,partition,offset`.

    Raises RefusedError where the file is unreadable, invalid, or of another group.
    """
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise RefusedError(f"{path} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise RefusedError(f"{path} is invalid: not UTF-8 text.") from None
    commits: Commits = {}
    found = _json(path, text, group) if text.lstrip().startswith("{") else _csv(path, text, group)
    for place, partition, commit in found:
        if partition in commits:
            raise RefusedError(f"{path} is invalid: {place} repeats {partition}.")
        commits[partition] = commit
    if not commits:
        raise RefusedError(f"{path} contains no offset.")
    return commits


def _json(path: Path, text: str, group: str) -> Iterable[tuple[str, Partition, Commit | None]]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise RefusedError(f"{path} is invalid: not JSON.") from None
    if content.get("format") != FORMAT or not isinstance(content.get("offsets"), list):
        raise RefusedError(f"{path} is not an undo file of clicksend-consumer.")
    if content.get("group") != group:
        raise RefusedError(f"{path} belongs to the group {content.get('group')}, not to {group}. Set --group.")
    for number, each in enumerate(content["offsets"], 1):
        place = f"entry {number}"
        entry = each if isinstance(each, dict) else {}
        topic, partition, offset = entry.get("topic"), entry.get("partition"), entry.get("offset")
        metadata = entry.get("metadata", "")
        if not isinstance(topic, str) or not isinstance(metadata, str) or not _natural(partition):
            raise RefusedError(f"{path} is invalid: {place} is not topic, partition and offset.")
        if offset is not None and not _natural(offset):
            raise RefusedError(f"{path} is invalid: {place} is not topic, partition and offset.")
        yield place, Partition(topic, partition), None if offset is None else Commit(offset, metadata)


def _csv(path: Path, text: str, group: str) -> Iterable[tuple[str, Partition, Commit | None]]:
    for number, fields in enumerate(csv.reader(text.splitlines()), 1):
        cells = [field.strip() for field in fields]
        if not any(cells):
            continue
        place = f"line {number}"
        if len(cells) == 4 and cells.pop(0) != group:
            raise RefusedError(f"{path}: {place} belongs to another group than {group}. Set --group.")
        if len(cells) != 3 or not cells[0] or not all(re.fullmatch(r"[0-9]{1,19}", cell) for cell in cells[1:]):
            raise RefusedError(f"{path} is invalid: {place} is not topic,partition,offset.")
        partition, offset = int(cells[1]), int(cells[2])
        if not _natural(partition) or not _natural(offset):
            raise RefusedError(f"{path} is invalid: {place} is not topic,partition,offset.")
        yield place, Partition(cells[0], partition), Commit(offset)


def _natural(number: object) -> TypeGuard[int]:
    return type(number) is int and 0 <= number <= MAX_OFFSET
