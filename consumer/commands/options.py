"""What the front doors of all commands share. It waits for no heavy library: `--help` should be quick."""
# ruff: noqa: PLC0415 -- as said above

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

ConfigFile = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="Settings as TOML.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="SECTION_KEY=VALUE", help="A setting, stronger than all other sources. Repeatable."),
]
FormatOption = Annotated[Format, typer.Option("--format", help="A table, or one JSON object a line.")]
Group = Annotated[str | None, typer.Option("--group", metavar="NAME", help="Instead of KAFKA_GROUP_ID.")]
Rate = Annotated[float, typer.Option("--rate", min=0.0, metavar="N", help="At most so many a second; 0: no limit.")]
IncludeStale = Annotated[bool, typer.Option("--include-stale", help="Also where the contact has a newer record.")]
CheckpointName = Annotated[
    str | None, typer.Option("--name", help="Of the checkpoint, instead of one made of these options.")
]
Restart = Annotated[bool, typer.Option("--restart", help="Begin anew, whatever the checkpoint says.")]


def sources(config: Path | None, overrides: list[str] | None, group: str | None = None) -> Sources:
    """Where to look for settings. `group` counts as `--set KAFKA_GROUP_ID`.

    Raises typer.BadParameter for an override that is no pair.
    """
    from consumer.settings import Sources

    pairs = [override.partition("=") for override in overrides or ()]
    if not all(name and sign for name, sign, _ in pairs):
        raise typer.BadParameter("Write --set SECTION_KEY=VALUE.")
    given = {name.strip(): value for name, _, value in pairs}
    return Sources(os.environ, given if group is None else {**given, "KAFKA_GROUP_ID": group}, config)


def choice(kind: type[Choice], word: str) -> Choice:
    """Return the member that the word names. Typer's own choices would import its module for every command."""
    try:
        return kind(word.lower())
    except ValueError:
        raise typer.BadParameter(f"Not one of {', '.join(kind)}.") from None


def usage(read: Callable[[], T]) -> T:
    """Return the meaning of an option's text. A ValueError is wrong usage; its text says what to write instead."""
    try:
        return read()
    except ValueError as error:
        raise typer.BadParameter(f"{error}.") from None


def given_lines(file: str | None) -> tuple[bytes, ...]:
    """Return the lines of a file, `-`: of stdin, as bytes, blank ones left out. None: none.

    Arguments show in the process list, for everybody on the machine; a file does not.
    Raises ValueError where it can't be read or has no line: an empty list would not choose anything.
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
