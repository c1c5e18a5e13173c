"""`clicksend-consumer settings`: what is in force, and where each value comes from."""

from __future__ import annotations

from consumer.commands.output import Format, put, rendered
from consumer.errors import ConfigurationError
from consumer.exit_status import ExitStatus
from consumer.settings import Sources, effective_settings
from consumer.terminal import say


def show(sources: Sources, form: Format) -> ExitStatus:
    """Print all settings, secrets masked; a setting that is missing or wrong has no value.

    Raises ConfigurationError, after that, with everything that is wrong.
    """
    found = effective_settings(sources)
    rows = [{"setting": row.name, "value": row.value, "source": row.source} for row in found.rows]
    put(rendered(rows, form), form)
    for warning in found.warnings:
        say(str(warning))
    if found.problems:
        raise ConfigurationError(*found.problems)
    return ExitStatus.DONE
