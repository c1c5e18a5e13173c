"""Options that all commands share. Heavy libraries are imported on use, so that `--help` is quick."""
# ruff: noqa: PLC0415 -- as above

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from consumer.commands.output import Format

if TYPE_CHECKING:
    from consumer.settings import Sources

Choice = TypeVar("Choice", bound=StrEnum)
T = TypeVar("T")

ConfigFile = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="Configuration file, TOML.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="SECTION_KEY=VALUE", help="Override a setting. Repeatable."),
]
FormatOption = Annotated[Format, typer.Option("--format", help="A table, or one JSON object per line.")]
Group = Annotated[str | None, typer.Option("--group", metavar="NAME", help="Consumer group; default: KAFKA_GROUP_ID.")]
Rate = Annotated[float, typer.Option("--rate", min=0.0, metavar="N", help="At most so many a second; 0: no limit.")]
IncludeStale = Annotated[bool, typer.Option("--include-stale", help="Include records whose contact has a newer one.")]
CheckpointName = Annotated[
    str | None, typer.Option("--name", help="Name of the checkpoint; default: derived from the options.")
]
Restart = Annotated[bool, typer.Option("--restart", help="Ignore the checkpoint and start over.")]


def sources(config: Path | None, overrides: list[str] | None, group: str | None = None) -> Sources:
    """Return the sources of the settings. `group` overrides KAFKA_GROUP_ID.

    Raises typer.BadParameter for an override without a name or an equals sign.
    """
    from consumer.settings import Sources

    pairs = [override.partition("=") for override in overrides or ()]
    if not all(name and sign for name, sign, _ in pairs):
        raise typer.BadParameter("Write --set SECTION_KEY=VALUE.")
    given = {name.strip(): value for name, _, value in pairs}
    return Sources(os.environ, given if group is None else {**given, "KAFKA_GROUP_ID": group}, config)


def choice(kind: type[Choice], word: str) -> Choice:
    """Return the enum member of that value. Typer's own choices would import its module for every command."""
    try:
        return kind(word.lower())
    except ValueError:
        raise typer.BadParameter(f"Not one of {', '.join(kind)}.") from None


def usage(read: Callable[[], T]) -> T:
    """Return the value that `read` parses. A ValueError becomes wrong usage; its text says what to write instead."""
    try:
        return read()
    except ValueError as error:
        raise typer.BadParameter(f"{error}.") from None


def given_lines(file: str | None) -> tuple[bytes, ...]:
    """Return the lines of a file as bytes, without blank ones. file -- `-` reads stdin, None returns no lines.

    Arguments show in the process list, for everybody on the machine; a file does not.
    Raises ValueError for a file that can't be read or has no line: an empty list selects nothing.
    """
    if file is None:
        return ()
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise ValueError(f"{file} can't be read: {error.strerror}") from None
    lines = tuple(line for each in content.split(b"\n") if (line := each.removesuffix(b"\r")).strip())
    if not lines:
        raise ValueError(f"{'stdin' if file == '-' else file} has no line")
    return lines
