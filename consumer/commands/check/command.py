"""Run all checks, and print each result at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from consumer.commands.check.clicksend import clicksend_results
from consumer.commands.check.identity import identity_results
from consumer.commands.check.kafka import kafka_results
from consumer.commands.check.result import CheckResult, CheckStatus, failed, ok, warning
from consumer.commands.check.traces import trace_results
from consumer.commands.descriptors import descriptor_warnings
from consumer.commands.output import Format, put
from consumer.errors import ConfigurationError
from consumer.exit_status import ExitStatus
from consumer.settings import Settings, Sources, load


def check(sources: Sources, form: Format) -> ExitStatus:
    """Check everything that a worker with these settings needs, and change nothing.

    Raises ConfigurationError for invalid settings: no other check can run without them.
    """
    try:
        settings = load(sources)
    except ConfigurationError as error:
        if form is Format.JSON:
            _print((failed("settings", f"{each.name}: {each.what}", each.hint) for each in error.problems), form)
        raise
    return ExitStatus.FAILED if _print(_results(settings), form) else ExitStatus.DONE


def _results(settings: Settings) -> Iterator[CheckResult]:
    yield from (warning("settings", f"{each.name}: {each.what}", each.hint) for each in settings.warnings)
    yield from (
        warning("open files", f"{each.name}: {each.what}", each.hint)
        for each in descriptor_warnings(settings.delivery.concurrency)
    )
    yield ok("settings", "complete")
    yield from identity_results(settings.kafka, datetime.now(UTC))
    yield from kafka_results(settings)
    yield from clicksend_results(settings)
    yield from trace_results(settings.sources.environ)


def _print(results: Iterator[CheckResult], form: Format) -> bool:
    """Print the results, and return whether any check failed."""
    failure = False
    for result in results:
        put(result.line(form), form)
        failure = failure or result.status is CheckStatus.FAILED
    return failure
