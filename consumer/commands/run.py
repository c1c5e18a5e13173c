"""`clicksend-consumer run`: runs a worker until a signal stops it."""

from __future__ import annotations

import gc
import os
import threading

import structlog

from consumer.app import Application
from consumer.commands.descriptors import descriptor_warnings
from consumer.commands.signals import StopSignals
from consumer.enrolment.email import load_validator
from consumer.exit_status import ExitStatus
from consumer.settings import Settings
from consumer.worker.worker import Ending

log = structlog.get_logger()


YOUNG_OBJECTS = 50_000  # allocations less deallocations that start a garbage collection


def calm_garbage_collection() -> None:
    """Collect garbage less often: reference counts free nearly all objects.

    At Python's own threshold of 700, collections take a tenth of a contact's cost. A record with a megabyte of empty
    lists then takes 75 ms instead of 30. `gc.freeze` is not used: librdkafka's clients must be collected before the
    interpreter ends.
    """
    gc.set_threshold(YOUNG_OBJECTS)
    gc.enable()


def run(settings: Settings) -> ExitStatus:
    """Run one worker until SIGTERM or SIGINT, and return the exit status. A second signal ends the process at once.

    Raises ConfigurationError and FatalStreamError as `Worker.run` does.
    """
    for warning in (*settings.warnings, *descriptor_warnings(settings.delivery.concurrency)):
        log.warning("questionable setting", name=warning.name, what=warning.what, hint=warning.hint)
    application = Application(settings)
    StopSignals(application.stop)
    calm_garbage_collection()
    threading.Thread(target=load_validator, name="email-validator", daemon=True).start()
    ending = application.run()
    if ending is Ending.UNANSWERED:
        # Closing the consumer would wait for the missing response until the session times out.
        log.warning("last commit unconfirmed, its records will be delivered again")
        os._exit(ExitStatus.FAILED)
    return ExitStatus.DONE if ending is Ending.DRAINED else ExitStatus.FAILED
