"""`clicksend-consumer settings`: prints each effective value and its source, a schema, or a file to start with."""

from __future__ import annotations

import json

from consumer.commands.output import Format, put, rendered
from consumer.errors import ConfigurationError
from consumer.exit_status import ExitStatus
from consumer.settings import Sources, effective_settings
from consumer.settings.schema import json_schema
from consumer.settings.template import worker_toml
from consumer.terminal import say


def show(sources: Sources, form: Format) -> ExitStatus:
    """Print all settings with secrets masked. A missing or invalid setting has no value.

    Then raises ConfigurationError with every problem.
    """
    found = effective_settings(sources)
    rows = [{"setting": row.name, "value": row.value, "source": row.source} for row in found.rows]
    put(rendered(rows, form), form)
    for warning in found.warnings:
        say(str(warning))
    if found.problems:
        raise ConfigurationError(*found.problems)
    return ExitStatus.DONE


def put_schema() -> ExitStatus:
    """Print the JSON Schema of the TOML file."""
    put(json.dumps(json_schema(), indent=2) + "\n", Format.JSON)
    return ExitStatus.DONE


def put_template() -> ExitStatus:
    """Print a commented TOML file with every setting."""
    put(worker_toml(), Format.TABLE)
    return ExitStatus.DONE
