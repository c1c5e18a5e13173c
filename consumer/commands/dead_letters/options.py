"""The options of `dead-letters`. Heavy libraries are imported by the commands, so that `--help` is quick."""
# ruff: noqa: PLC0415 -- see above

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

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
    choice,
    given_lines,
    sources,
    usage,
)
from consumer.commands.output import Format

if TYPE_CHECKING:
    from consumer.commands.dead_letters.filters import Filters

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Reasons = Annotated[list[str] | None, typer.Option("--reason", help="Only with this reason. Repeatable.")]
Statuses = Annotated[
    list[str] | None, typer.Option("--status", help="Only with this HTTP status, or `none`. Repeatable.")
]
Since = Annotated[
    str | None,
    typer.Option("--from-datetime", metavar="TIME", help="Only records from this time, with a zone: ...T01:30:00Z."),
]
Until = Annotated[str | None, typer.Option("--to-datetime", metavar="TIME", help="Only records before this time.")]
SourceScopes = Annotated[
    list[str] | None, typer.Option("--source", metavar="TOPIC[:0,1]", help="Only from this source. Repeatable.")
]
Key = Annotated[
    str | None, typer.Option("--key", help="Only records with this key. Visible in the process list; see --keys-from.")
]
KeysFrom = Annotated[
    str | None,
    typer.Option("--keys-from", metavar="FILE", help="Only records with one of these keys, one per line; - for stdin."),
]
AnyGroup = Annotated[bool, typer.Option("--any-group", help="Include dead letters of other groups.")]

To = Annotated[str, typer.Option("--to", help="source: write to the source topic. deliver: send to ClickSend now.")]
Execute = Annotated[bool, typer.Option("--execute", help="Redrive. Without it, only report what would be done.")]
MaxRedrives = Annotated[int, typer.Option(min=1, metavar="N", help="Skip dead letters redriven N times or more.")]


@app.callback()
def _dead_letters() -> None:
    """List, show and redrive records that could not be delivered."""


@app.command("list")
def list_(  # noqa: PLR0913 -- one parameter an option
    *,
    config: ConfigFile = None,
    overrides: Overrides = None,
    form: FormatOption = Format.TABLE,
    reason: Reasons = None,
    status: Statuses = None,
    from_datetime: Since = None,
    to_datetime: Until = None,
    source: SourceScopes = None,
    key: Key = None,
    keys_from: KeysFrom = None,
    any_group: AnyGroup = False,
) -> int:
    """List dead letters, one per line, with source and reason."""
    from consumer.commands.dead_letters.listing import list_dead_letters
    from consumer.settings import load

    filters = _filters(reason, status, from_datetime, to_datetime, source, key, keys_from)
    return list_dead_letters(load(sources(config, overrides), ("kafka",)).kafka, filters, form, any_group=any_group)


@app.command()
def show(
    dead_letter: Annotated[
        str, typer.Argument(metavar="TOPIC-PARTITION@OFFSET", help="The dead letter's position or its source's.")
    ],
    *,
    config: ConfigFile = None,
    overrides: Overrides = None,
    form: FormatOption = Format.TABLE,
    reveal: Annotated[bool, typer.Option("--reveal", help="Include key and value: personal data.")] = False,
) -> int:
    """Show one dead letter with all its headers."""
    from consumer.commands.dead_letters.listing import reveal_dead_letter, show_dead_letter
    from consumer.dead_letters.format import SourcePosition
    from consumer.settings import load

    kafka = load(sources(config, overrides), ("kafka",)).kafka
    position = usage(lambda: SourcePosition.parse(dead_letter, kafka.dead_letter_topic))
    return (reveal_dead_letter if reveal else show_dead_letter)(kafka, position, form)


@app.command()
def redrive(  # noqa: PLR0913 -- one parameter an option
    *,
    to: To,
    execute: Execute = False,
    config: ConfigFile = None,
    overrides: Overrides = None,
    form: FormatOption = Format.TABLE,
    reason: Reasons = None,
    status: Statuses = None,
    from_datetime: Since = None,
    to_datetime: Until = None,
    source: SourceScopes = None,
    key: Key = None,
    keys_from: KeysFrom = None,
    any_group: AnyGroup = False,
    max_redrives: MaxRedrives = 3,
    rate: Rate = 0.0,
    include_stale: IncludeStale = False,
    name: CheckpointName = None,
    restart: Restart = False,
) -> int:
    """Redrive dead letters. A dry run unless --execute; after an interruption the same command resumes."""
    from consumer.commands.dead_letters.redrive import RedriveOptions
    from consumer.commands.dead_letters.redrive import redrive as redrive_dead_letters
    from consumer.commands.dead_letters.targets import Destination
    from consumer.commands.repeat import Repeat
    from consumer.settings import load

    destination = choice(Destination, to)
    options = RedriveOptions(
        destination=destination,
        filters=_filters(reason, status, from_datetime, to_datetime, source, key, keys_from),
        repeat=usage(lambda: Repeat.parse(execute=execute, restart=restart, include_stale=include_stale, name=name)),
        max_redrives=max_redrives,
        rate=rate,
        any_group=any_group,
    )
    given = sources(config, overrides)
    settings = (
        load(given) if destination is Destination.DELIVER else load(given, ("kafka", "registry", "enrolment", "log"))
    )
    log.configure(log.LogLevel.WARNING, settings.log.format)
    return redrive_dead_letters(settings, options, form)


def _filters(
    reason: Reasons,
    status: Statuses,
    from_datetime: Since,
    to_datetime: Until,
    source: SourceScopes,
    key: Key,
    keys_from: KeysFrom,
) -> Filters:
    from consumer.commands.dead_letters.filters import Filters

    return usage(
        lambda: Filters.parse(
            reason=reason,
            status=status,
            from_datetime=from_datetime,
            to_datetime=to_datetime,
            source=source,
            key=key,
            keys=given_lines(keys_from),
        )
    )
