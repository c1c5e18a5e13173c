"""The command line: `clicksend-consumer COMMAND`, also `python -m consumer COMMAND`.

A command resolves its settings, calls one function of its package and returns that function's exit status. It imports
its modules when it runs, so that `--help` does not wait for Kafka's library.
"""
# ruff: noqa: PLC0415 -- as above

from __future__ import annotations

import sys
from collections.abc import Sequence
from copy import copy
from pathlib import Path
from typing import Annotated

import typer

from consumer import __version__, log
from consumer.commands.dead_letters.options import app as dead_letters
from consumer.commands.ending import run_and_exit
from consumer.commands.offsets.options import app as offsets
from consumer.commands.options import ConfigFile, FormatOption, Group, Overrides, choice, sources
from consumer.commands.output import Format
from consumer.commands.replay.options import replay
from consumer.errors import RefusedError, UsageError
from consumer.exit_status import ExitStatus
from consumer.extras import Extra, require

app = typer.Typer(
    pretty_exceptions_enable=False,  # they show the values of local variables
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(replay)
app.add_typer(dead_letters, name="dead-letters")
app.add_typer(offsets, name="offsets")


def _version(asked: bool) -> None:  # noqa: FBT001 -- typer's callback of a flag
    if asked:
        typer.echo(f"clicksend-consumer {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001, FBT002 -- a flag, and its callback has used it
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Deliver enrolment events from Kafka into a ClickSend contact list."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(ExitStatus.WRONG_USAGE)


@app.command()
def run(config: ConfigFile = None, overrides: Overrides = None) -> int:
    """Run the worker until SIGTERM or Ctrl-C."""
    from consumer.commands.start import start

    start(sources(config, overrides))


@app.command()
def demo(
    *,
    events: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Your own events, one JSON object per line; - reads stdin.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Exit when all records are settled.")] = False,
) -> int:
    """Run everything on this machine, without configuration: broker, ClickSend sandbox, worker, visitors."""
    require(Extra.DEMO, "demo")
    log.configure(log.LogLevel.ERROR, log.LogFormat.AUTO)  # the narration reports everything else
    from consumer.demo.demo import DemoOptions, run_demo
    from consumer.demo.runner import DemoRun

    return run_demo(DemoOptions(DemoRun.ONCE if once else DemoRun.ENDLESS, events), sys.stdout, sys.stderr)


@app.command()
def sandbox(  # noqa: PLR0913 -- one parameter an option
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 picks a free one.")] = 9465,
    username: Annotated[str, typer.Option(help="Accepted user name.")] = "sandbox",
    api_key: Annotated[str, typer.Option(help="Accepted API key.")] = "sandbox",
    list_id: Annotated[list[int] | None, typer.Option(help="ID of an existing list; default: 428. Repeatable.")] = None,
    duplicates: Annotated[
        str, typer.Option(help="Treatment of known contacts: upsert, second_row or already_exists.")
    ] = "upsert",
    unknown_list: Annotated[str, typer.Option(help="For unknown lists: forbidden or not_found.")] = "forbidden",
    rate_limit: Annotated[str | None, typer.Option(metavar="50/s", help="Of the account, across all lists.")] = None,
    faults: Annotated[Path | None, typer.Option(metavar="FILE", help="Fault script, TOML or JSON.")] = None,
    log_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Append each request as one line of JSON.")
    ] = None,
    tls_ca_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Serve HTTPS, and write the CA to FILE for CLICKSEND_CA_FILE.")
    ] = None,
    allowed_host: Annotated[
        list[str] | None, typer.Option(help="Accepted host name besides loopback. Repeatable.")
    ] = None,
) -> int:
    """Run the ClickSend sandbox alone, with a page that lists its contacts."""
    require(Extra.DEMO, "sandbox")
    from consumer.sandbox.command import run_sandbox
    from consumer.sandbox.faults import Script
    from consumer.sandbox.limiter import RateLimit
    from consumer.sandbox.options import SandboxOptions, UnknownList
    from consumer.sandbox.script import read_script
    from consumer.sandbox.store import DuplicateContacts

    options = SandboxOptions(
        host=host,
        port=port,
        username=username,
        api_key=api_key,
        list_ids=tuple(list_id or (428,)),
        duplicates=choice(DuplicateContacts, duplicates),
        unknown_list=choice(UnknownList, unknown_list),
        rate_limit=RateLimit.of(rate_limit) if rate_limit else None,
        faults=read_script(faults) if faults else Script(),
        log_file=log_file,
        tls_ca_file=tls_ca_file,
        allowed_hosts=tuple(allowed_host or ()),
    )
    return run_sandbox(options, sys.stdout, sys.stderr)


@app.command()
def settings(
    *,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of the file, for editors.")] = False,
    init: Annotated[bool, typer.Option("--init", help="Print a commented file with every setting.")] = False,
    config: ConfigFile = None,
    overrides: Overrides = None,
    form: FormatOption = Format.TABLE,
) -> int:
    """Show the effective settings and their sources."""
    from consumer.commands.settings import put_schema, put_template, show

    if schema and init:
        raise typer.BadParameter("Use one of --schema and --init.")
    if schema:
        return put_schema()
    return put_template() if init else show(sources(config, overrides), form)


@app.command()
def check(config: ConfigFile = None, overrides: Overrides = None, form: FormatOption = Format.TABLE) -> int:
    """Check settings, Kafka and ClickSend: one line per check, with a fix. Changes nothing."""
    from consumer.commands.check.command import check as look

    return look(sources(config, overrides), form)


@app.command()
def explain(  # noqa: PLR0913 -- one parameter an option
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="JSON or JSON lines; default: stdin.")] = None,
    *,
    topic: Annotated[str | None, typer.Option(metavar="NAME", help="Topic to read from; default: KAFKA_TOPIC.")] = None,
    partition: Annotated[int | None, typer.Option(min=0, help="Partition of the topic; default: all.")] = None,
    offset: Annotated[int | None, typer.Option(min=0, help="Explain the record at this offset.")] = None,
    last: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Explain the last N records of each partition.")
    ] = None,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Show emails, phone numbers and names unmasked in a table.")
    ] = False,
    form: Annotated[
        Format | None,
        typer.Option("--format", help="A table, or JSON lines; default: a table on a terminal, else JSON lines."),
    ] = None,
    config: ConfigFile = None,
    overrides: Overrides = None,
) -> int:
    """Show the outcome of events, and why: from a file, stdin or Kafka. Sends nothing."""
    from consumer.commands.explain.command import Display, explain_file, explain_kafka
    from consumer.commands.explain.rendering import Privacy

    given = sources(config, overrides)
    form = form or (Format.TABLE if sys.stdout.isatty() else Format.JSON)
    look = Display(form, Privacy.REVEALED if reveal else Privacy.MASKED)
    if (topic, partition, offset, last) == (None, None, None, None):
        return explain_file(given, None if file == Path("-") else file, look)
    if file is not None:
        raise typer.BadParameter("Use a file, or --topic with --offset or --last.")
    if (offset is None) == (last is None):
        raise typer.BadParameter("Use one of --offset and --last.")
    if offset is not None and partition is None:
        raise typer.BadParameter("--offset needs --partition.")
    from consumer.commands.explain.kafka import RecordQuery

    return explain_kafka(given, RecordQuery((topic,) if topic else (), partition, offset, last or 1), look)


@app.command()
def lag(
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Repeat the table until Ctrl-C.")] = False,
    interval: Annotated[
        float, typer.Option("--interval", min=0.1, metavar="SECONDS", help="Refresh interval of --watch.")
    ] = 2.0,
    form: FormatOption = Format.TABLE,
    group: Group = None,
    config: ConfigFile = None,
    overrides: Overrides = None,
) -> int:
    """Show the group's progress: offsets, lag, owner, age of the oldest unsettled record."""
    from consumer.commands.lag.command import lag as show

    return show(sources(config, overrides, group), form, interval if watch else None)


@app.command()
def sizing(
    *,
    events: Annotated[float, typer.Option(metavar="N", min=0, help="Events per day, of all types.")],
    enrolments: Annotated[float, typer.Option(min=0, max=1, help="Share of events that become contacts.")] = 0.01,
    peak: Annotated[float, typer.Option(min=1, help="The busiest hour's load, as a multiple of the mean.")] = 3.0,
    latency: Annotated[float, typer.Option(metavar="SECONDS", min=0.001, help="Duration of one request.")] = 0.3,
    limit: Annotated[
        float | None, typer.Option(metavar="N", min=0.001, help="ClickSend's rate limit, in requests per second.")
    ] = None,
    concurrency: Annotated[int, typer.Option(min=1, help="Requests in flight per worker.")] = 16,
    outage: Annotated[float, typer.Option(metavar="HOURS", min=0, help="The longest outage to plan for.")] = 4.0,
    form: FormatOption = Format.TABLE,
) -> int:
    """Compute the workers and partitions for a load, and the time to catch up after an outage."""
    from math import inf

    from consumer.commands.sizing import Load, Means, show

    load = Load(events, enrolments, peak, outage)
    text, status = show(load, Means(latency, limit or inf, concurrency), form)
    typer.echo(text, nl=False)
    return status


def _app_for(arguments: Sequence[str]) -> typer.Typer:
    """Return the app, without the other commands where the first argument names one: to build all takes 20 ms."""
    named = [each for each in app.registered_commands if each.callback and each.callback.__name__ in arguments[:1]]
    if not named:
        return app
    only = copy(app)
    only.registered_commands, only.registered_groups = named, []
    return only


def _call(arguments: Sequence[str]) -> int | None:
    try:
        status: int | None = _app_for(arguments)(standalone_mode=False)
    except typer.TyperException as error:
        raise UsageError(error.format_message()) from error
    except OSError as error:
        if "--install-completion" not in arguments:
            raise
        hint = "`--show-completion` prints it."
        raise RefusedError(f"The completion could not be installed: {error.strerror}. {hint}") from error
    return status


def main() -> None:
    """Run the command in this process's arguments, and exit with its status."""
    run_and_exit(lambda: _call(sys.argv[1:]))
