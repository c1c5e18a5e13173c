"""The command line of `replay`. Heavy libraries are imported on use, so that `--help` is quick."""
# ruff: noqa: PLC0415 -- as above

from __future__ import annotations

from typing import Annotated

import typer

from consumer import log
from consumer.commands.options import (
    CheckpointName,
    ConfigFile,
    FormatOption,
    IncludeStale,
    Overrides,
    Rate,
    Restart,
    given_lines,
    sources,
    usage,
)
from consumer.commands.output import Format

Topics = Annotated[
    list[str] | None,
    typer.Option("--topic", metavar="TOPIC[:0,1]", help="Topic or partitions; default: KAFKA_TOPIC. Repeatable."),
]
FromEarliest = Annotated[bool, typer.Option("--from-earliest", help="From the start of the log.")]
FromOffset = Annotated[int | None, typer.Option(min=0, metavar="N", help="From this offset.")]
FromTime = Annotated[str | None, typer.Option(metavar="TIME", help="From this time, with a zone: ...T01:30:00Z.")]
ToOffset = Annotated[
    int | None, typer.Option(min=0, metavar="N", help="To before this offset; default: the present end.")
]
ToTime = Annotated[str | None, typer.Option(metavar="TIME", help="To before this time.")]
OnlyThese = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="KIND=VALUE",
        help="identity=EMAIL, identity=+PHONE or reason=WORD. Repeatable. Visible in the process list.",
    ),
]
IdentitiesFrom = Annotated[
    str | None,
    typer.Option("--identities-from", metavar="FILE", help="Identities as in --only, one per line; - for stdin."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Count outcomes; send nothing.")]


def replay(  # noqa: PLR0913 -- one parameter an option
    *,
    config: ConfigFile = None,
    overrides: Overrides = None,
    form: FormatOption = Format.TABLE,
    topic: Topics = None,
    from_earliest: FromEarliest = False,
    from_offset: FromOffset = None,
    from_datetime: FromTime = None,
    to_offset: ToOffset = None,
    to_datetime: ToTime = None,
    only: OnlyThese = None,
    identities_from: IdentitiesFrom = None,
    dry_run: DryRun = False,
    rate: Rate = 0.0,
    include_stale: IncludeStale = False,
    name: CheckpointName = None,
    restart: Restart = False,
) -> int:
    """Deliver a range again, outside the live group. Interrupted, the same command continues where it stopped."""
    from consumer.commands.kafka.partitions import Scope
    from consumer.commands.repeat import Repeat
    from consumer.commands.replay.bounds import Bounds
    from consumer.commands.replay.replay import ReplayOptions
    from consumer.commands.replay.replay import replay as deliver_again
    from consumer.commands.replay.selection import Only
    from consumer.settings import load

    options = ReplayOptions(
        bounds=usage(
            lambda: Bounds.parse(
                from_earliest=from_earliest,
                from_offset=from_offset,
                from_datetime=from_datetime,
                to_offset=to_offset,
                to_datetime=to_datetime,
            )
        ),
        scopes=usage(lambda: tuple(Scope.parse(each) for each in topic or ())),
        only=usage(lambda: Only.parse([*(only or ()), *_identities(identities_from)])),
        repeat=usage(
            lambda: Repeat.parse(execute=not dry_run, restart=restart, include_stale=include_stale, name=name)
        ),
    )
    paced = [f"DELIVERY_MAX_REQUESTS_PER_SECOND={rate:g}"] if rate else []
    settings = load(sources(config, [*(overrides or ()), *paced]))
    log.configure(log.LogLevel.WARNING, settings.log.format)
    return deliver_again(settings, options, form)


def _identities(file: str | None) -> list[str]:
    return [f"identity={line.decode(errors='replace').strip()}" for line in given_lines(file)]
