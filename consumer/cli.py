"""The front door: `clicksend-consumer COMMAND`, also `python -m consumer COMMAND`.

A command resolves its settings, calls one function of `consumer.operations` and returns that function's exit status.
It imports what it needs when it runs: `--help` should not wait for Kafka's library.
"""
# ruff: noqa: PLC0415 -- as said above

from __future__ import annotations

import errno
import gc
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from consumer import __version__, log
from consumer.commands.dead_letters.options import app as dead_letters
from consumer.commands.offsets.options import app as offsets
from consumer.commands.options import ConfigFile, FormatOption, Group, Overrides, choice, sources
from consumer.commands.output import Format
from consumer.commands.replay.options import replay
from consumer.errors import ConfigurationError, FatalStreamError, RefusedError
from consumer.exit_status import ExitStatus
from consumer.terminal import adapt_streams, discard, flush_streams, open_streams, say

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})  # a disk that takes no more
INTERRUPTED = 130  # what typer makes of Ctrl-C, without a word

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,  # it shows the values of local variables
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
def _front_door(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001, FBT002 -- a flag, and its callback has used it
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Delivers enrolment events from Kafka into a ClickSend contact list."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(ExitStatus.WRONG_USAGE)


@app.command()
def run(config: ConfigFile = None, overrides: Overrides = None) -> int:
    """Run the worker until it is told to stop."""
    from consumer.settings import load

    gc.disable()  # until the worker is put together: nothing of it is garbage, and looking for some takes time
    settings = load(sources(config, overrides))
    log.configure(settings.log.level, settings.log.format)
    from consumer.commands.run import run as work

    return work(settings)


@app.command()
def demo(
    *,
    events: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Your own events, one a line of JSON; - for stdin.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="End when all is settled.")] = False,
) -> int:
    """Everything on this machine, with no configuration: broker, ClickSend stand-in, worker, visitors."""
    log.configure(log.LogLevel.ERROR, log.LogFormat.AUTO)  # the narration tells the rest
    from consumer.demo.demo import DemoOptions, run_demo
    from consumer.demo.runner import DemoRun

    return run_demo(DemoOptions(DemoRun.ONCE if once else DemoRun.ENDLESS, events), sys.stdout, sys.stderr)


@app.command()
def sandbox(  # noqa: PLR0913 -- one parameter an option
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Its port; 0 takes a free one.")] = 9465,
    username: Annotated[str, typer.Option(help="The user name it accepts.")] = "sandbox",
    api_key: Annotated[str, typer.Option(help="The API key it accepts.")] = "sandbox",
    list_id: Annotated[list[int] | None, typer.Option(help="A list that exists; 428 if none is given.")] = None,
    duplicates: Annotated[
        str, typer.Option(help="What a known contact becomes: upsert, second_row or already_exists.")
    ] = "upsert",
    unknown_list: Annotated[
        str, typer.Option(help="The answer for other lists: forbidden or not_found.")
    ] = "forbidden",
    rate_limit: Annotated[str | None, typer.Option(metavar="50/s", help="Of the account, all lists together.")] = None,
    faults: Annotated[Path | None, typer.Option(metavar="FILE", help="A fault script, TOML or JSON.")] = None,
    log_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Append each request as a line of JSON.")
    ] = None,
    tls_ca_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Serve https, and write its CA here for CLICKSEND_CA_FILE.")
    ] = None,
    allowed_host: Annotated[list[str] | None, typer.Option(help="A name beside loopback to be called by.")] = None,
) -> int:
    """Run the ClickSend stand-in alone, with a page of the contacts it holds."""
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
def settings(config: ConfigFile = None, overrides: Overrides = None, form: FormatOption = Format.TABLE) -> int:
    """Effective settings and their sources."""
    from consumer.commands.settings import show

    return show(sources(config, overrides), form)


@app.command()
def check(config: ConfigFile = None, overrides: Overrides = None, form: FormatOption = Format.TABLE) -> int:
    """Whether a worker would run: settings, Kafka, ClickSend, a line each with a fix. Changes nothing."""
    from consumer.commands.check.command import check as look

    return look(sources(config, overrides), form)


@app.command()
def explain(  # noqa: PLR0913 -- one parameter an option
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="JSON or JSON lines; - or none: stdin.")] = None,
    *,
    topic: Annotated[
        str | None, typer.Option(metavar="NAME", help="Straight from Kafka; KAFKA_TOPIC if it is left out.")
    ] = None,
    partition: Annotated[int | None, typer.Option(min=0, help="Of that topic; all if it is left out.")] = None,
    offset: Annotated[int | None, typer.Option(min=0, help="The record there.")] = None,
    last: Annotated[int | None, typer.Option(min=1, metavar="N", help="The last N of each partition.")] = None,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Show emails, numbers and names in full in a table.")
    ] = False,
    form: Annotated[
        Format | None,
        typer.Option("--format", help="For an operator, or JSON lines; by default as stdout is a terminal."),
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
        raise typer.BadParameter("Give a file, or --topic with --offset or --last.")
    if (offset is None) == (last is None):
        raise typer.BadParameter("Give one of --offset and --last.")
    if offset is not None and partition is None:
        raise typer.BadParameter("--offset needs --partition.")
    from consumer.commands.explain.kafka import RecordQuery

    return explain_kafka(given, RecordQuery((topic,) if topic else (), partition, offset, last or 1), look)


@app.command()
def lag(
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Repeat the table until Ctrl-C.")] = False,
    interval: Annotated[
        float, typer.Option("--interval", min=0.1, metavar="SECONDS", help="Between two tables of --watch.")
    ] = 2.0,
    form: FormatOption = Format.TABLE,
    group: Group = None,
    config: ConfigFile = None,
    overrides: Overrides = None,
) -> int:
    """How far behind the group is: offsets, lag, owner, age of the oldest unsettled record."""
    from consumer.commands.lag.command import lag as show

    return show(sources(config, overrides, group), form, interval if watch else None)


@app.command()
def sizing(
    *,
    events: Annotated[float, typer.Option(metavar="N", min=0, help="Events a day, of all kinds.")],
    enrolments: Annotated[float, typer.Option(min=0, max=1, help="Share of them that become contacts.")] = 0.01,
    peak: Annotated[float, typer.Option(min=1, help="The busiest hour, as a multiple of the mean.")] = 3.0,
    latency: Annotated[float, typer.Option(metavar="SECONDS", min=0.001, help="Of one request to ClickSend.")] = 0.3,
    limit: Annotated[float | None, typer.Option(metavar="N", min=0.001, help="Requests a second it takes.")] = None,
    concurrency: Annotated[int, typer.Option(min=1, help="Requests in flight of one worker.")] = 16,
    outage: Annotated[float, typer.Option(metavar="HOURS", min=0, help="For which ClickSend may be away.")] = 4.0,
    form: FormatOption = Format.TABLE,
) -> int:
    """How many workers and partitions a load needs, and how long an outage takes to catch up with."""
    from math import inf

    from consumer.commands.sizing import Load, Means, show

    load = Load(events, enrolments, peak, outage)
    text, status = show(load, Means(latency, limit or inf, concurrency), form)
    typer.echo(text, nl=False)
    return status


def main() -> None:
    """Run the command that this process's arguments name, and leave with its exit status."""
    open_streams()
    adapt_streams()
    status = exit_status(lambda: app(standalone_mode=False))
    flush_streams()
    sys.exit(status)


def exit_status(command: Callable[[], int | None]) -> int:
    """Run a command. What it raises becomes an exit status, and lines on stderr for an operator: never a traceback."""
    try:
        status = command()
        sys.stdout.flush()
    except typer.TyperException as error:
        say(f"{error.format_message()}\n`clicksend-consumer --help` tells what there is.")
        return ExitStatus.WRONG_USAGE
    except ConfigurationError as error:
        say(*(str(problem) for problem in error.problems))
        return ExitStatus.WRONG_SETTINGS
    except RefusedError as error:
        say(str(error))
        return ExitStatus.FAILED
    except FatalStreamError as error:
        say(f"{error} ({log.places(error.__cause__)})" if error.__cause__ else str(error))
        return ExitStatus.FATAL
    except BrokenPipeError:  # who read our output has seen enough
        discard(sys.stdout)
        return ExitStatus.FAILED
    except OSError as error:
        if error.errno not in FULL:
            return _fault(error)
        discard(sys.stdout)
        say(f"The output could not be written: {error.strerror}.")
        return ExitStatus.FAILED
    except Exception as error:  # the last resort: without the text, which may hold anything
        return _fault(error)
    if status == INTERRUPTED:
        say("Interrupted.")
        return ExitStatus.FAILED
    return status or ExitStatus.DONE


def _fault(error: Exception) -> ExitStatus:
    say(f"Internal error: {log.places(error)}")
    return ExitStatus.FATAL
