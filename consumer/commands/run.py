"""`clicksend-consumer run`: runs a worker until a signal stops it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NoReturn

import structlog

from consumer.commands.descriptors import descriptor_warnings
from consumer.commands.ending import exit_status
from consumer.commands.signals import StopSignals
from consumer.commands.start import calm_garbage_collection
from consumer.enrolment.email import load_validator
from consumer.errors import ConfigurationError, Problem
from consumer.exit_status import ExitStatus
from consumer.kafka.certificate import Dates
from consumer.kafka.clients import KafkaClients
from consumer.log import cause_of
from consumer.monitoring.tracing.options import trace_options
from consumer.settings import Settings
from consumer.settings.kafka import client_properties
from consumer.terminal import flush_streams

log = structlog.get_logger()


STARTED_SECONDS = 5.0  # until then the first records have been delivered, where Kafka answers


def certificate_warnings(settings: Settings, now: datetime) -> Iterator[Problem]:
    """Yield a warning where the client certificate ends soon.

    Raises ConfigurationError where its dates forbid its use: no renewed file would be read before the next start.
    """
    path = settings.kafka.ssl_certificate_location
    dates = Dates.of(path) if path is not None else None
    if dates is None:
        return
    if fault := dates.fault(now):
        raise ConfigurationError(fault)
    if soon := dates.warning(now):
        yield soon


def run(settings: Settings) -> NoReturn:
    """Run one worker until SIGTERM or SIGINT, then end the process. A second signal ends it at once.

    Raises ConfigurationError if its certificate can't be used.
    """
    certificate = list(certificate_warnings(settings, datetime.now(UTC)))
    traces = trace_options(settings.sources.environ).problems
    open_files = descriptor_warnings(settings.delivery.concurrency)
    for warning in (*settings.warnings, *traces, *open_files):
        log.warning("questionable setting", name=warning.name, what=warning.what, hint=warning.hint)
    for warning in certificate:
        log.warning("client certificate expires soon", name=warning.name, what=warning.what, hint=warning.hint)
    # Without the interpreter's end: it would free the clients, which may wait for a token, and a request that is
    # answered by then would crash, as librdkafka's thread calls Python.
    status = exit_status(lambda: _run(settings))
    flush_streams()
    os._exit(status)


def _run(settings: Settings) -> ExitStatus:
    clients = KafkaClients(client_properties(settings.kafka))
    clients.connect()
    # A third of all imports, while the client connects.
    from consumer.app import Application  # noqa: PLC0415 -- as above
    from consumer.worker.worker import Ending  # noqa: PLC0415 -- as above

    application = Application(settings, clients)
    StopSignals(application.stop)
    calm_garbage_collection()
    threading.Thread(target=_load_late, name="email-validator", daemon=True).start()
    ending = application.run()
    if ending is Ending.UNANSWERED:
        log.warning("last commit unconfirmed, its records will be delivered again")
    return ExitStatus.DONE if ending is Ending.DRAINED else ExitStatus.FAILED


def _load_late() -> None:
    """Load what few records need, once the worker has started."""
    time.sleep(STARTED_SECONDS)
    try:
        load_validator()
    except Exception as error:  # of any kind: the first address that needs it loads it again
        hint = "Other than ASCII addresses need it: check the limit of open files, and the installation"
        log.error("email validator not loaded", **cause_of(error), hint=hint)
