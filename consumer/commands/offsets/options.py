"""The command line of `clicksend-consumer offsets`."""
# ruff: noqa: PLC0415 -- as in `consumer.cli`: heavy libraries are imported on use

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from consumer.commands.options import ConfigFile, FormatOption, Group, Overrides, sources, usage
from consumer.commands.output import Format

if TYPE_CHECKING:
    from consumer.commands.offsets.scenario import Scenario

MILLISECOND = timedelta(milliseconds=1)

app = typer.Typer(help="Set a group's committed offsets.", rich_markup_mode=None, no_args_is_help=False)


@app.callback()
def _offsets() -> None:
    """Move a group's committed offsets."""


@app.command()
def reset(  # noqa: PLR0913 -- one parameter an option
    *,
    to_earliest: Annotated[bool, typer.Option("--to-earliest", help="To the first record in the log.")] = False,
    to_latest: Annotated[bool, typer.Option("--to-latest", help="To the end of the log.")] = False,
    to_offset: Annotated[int | None, typer.Option(min=0, metavar="N", help="To this offset.")] = None,
    shift_by: Annotated[int | None, typer.Option(metavar="N", help="Forward by N offsets; back if negative.")] = None,
    to_datetime: Annotated[
        str | None, typer.Option(metavar="TIME", help="To the first record from this time on: 2026-03-29T01:30:00Z.")
    ] = None,
    by_duration: Annotated[
        str | None, typer.Option(metavar="P1DT2H", help="To the first record of this period, up to now.")
    ] = None,
    from_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="To the offsets in an undo file, or in a CSV of topic,partition,offset."),
    ] = None,
    topic: Annotated[list[str] | None, typer.Option(metavar="TOPIC[:0,1]", help="Repeatable.")] = None,
    all_topics: Annotated[
        bool, typer.Option("--all-topics", help="KAFKA_TOPIC and all topics with a commit of the group.")
    ] = False,
    execute: Annotated[bool, typer.Option("--execute", help="Set the offsets. Default: print the plan.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print the plan (default).")] = False,
    undo_file: Annotated[Path | None, typer.Option(metavar="FILE", help="File for the present offsets.")] = None,
    group: Group = None,
    form: FormatOption = Format.TABLE,
    config: ConfigFile = None,
    overrides: Overrides = None,
) -> int:
    """Move a stopped group's offsets to exactly one target. Dry run unless --execute; --from-file undoes it."""
    from consumer.commands.kafka.partitions import Scope
    from consumer.commands.offsets.command import Execution
    from consumer.commands.offsets.command import reset as carry_out

    target = _target(to_earliest, to_latest, to_offset, shift_by, to_datetime, by_duration, from_file)
    if execute and dry_run:
        raise typer.BadParameter("Use --execute or --dry-run, not both.")
    if undo_file is not None and not execute:
        raise typer.BadParameter("--undo-file needs --execute: a dry run changes nothing.")
    if isinstance(target, Path):
        if topic or all_topics:
            raise typer.BadParameter("The file names the partitions: omit --topic and --all-topics.")
    elif bool(topic) == all_topics:
        raise typer.BadParameter("Select partitions: --topic TOPIC[:0,1], or --all-topics.")
    scopes = usage(lambda: tuple(Scope.parse(text) for text in topic or ()))
    execution = Execution(undo_file) if execute else None
    return carry_out(sources(config, overrides, group), target, scopes, execution, form)


def _target(
    to_earliest: bool,  # noqa: FBT001 -- the options as typer passes them
    to_latest: bool,  # noqa: FBT001 -- the same
    to_offset: int | None,
    shift_by: int | None,
    to_datetime: str | None,
    by_duration: str | None,
    from_file: Path | None,
) -> Scenario | Path:
    from consumer.commands.kafka.partitions import Edge, Moment, Offset
    from consumer.commands.offsets.scenario import ShiftBy
    from consumer.commands.timestamps import milliseconds, parse_duration, parse_moment

    found: list[Scenario | Path] = []
    if to_earliest:
        found.append(Edge.EARLIEST)
    if to_latest:
        found.append(Edge.LATEST)
    if to_offset is not None:
        found.append(Offset(to_offset))
    if shift_by is not None:
        found.append(ShiftBy(shift_by))
    if to_datetime is not None:
        found.append(Moment(milliseconds(usage(lambda: parse_moment(to_datetime)))))
    if by_duration is not None:
        found.append(
            Moment(milliseconds(datetime.now(UTC)) - usage(lambda: parse_duration(by_duration)) // MILLISECOND)
        )
    if from_file is not None:
        found.append(from_file)
    if len(found) != 1:
        targets = "--to-earliest, --to-latest, --to-offset, --shift-by, --to-datetime, --by-duration, --from-file"
        raise typer.BadParameter(f"Use exactly one of {targets}.")
    return found[0]
