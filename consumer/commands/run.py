"""`clicksend-consumer run`: wires a worker from the settings and ends it on a signal."""

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


YOUNG_OBJECTS = 50_000  # that are made before Python looks for garbage among them


def calm_garbage_collection() -> None:
    """Look for garbage less often: nearly all that comes is freed without a look.

    Python's own threshold is 700. Then a tenth of a contact's cost is the search, and one record with a megabyte of
    empty lists takes 75 ms instead of 30. What is there is not frozen: librdkafka's clients must be found at the end,
    while there is still an interpreter for them to end in.
    """
    gc.set_threshold(YOUNG_OBJECTS)
    gc.enable()


def run(settings: Settings) -> ExitStatus:
    """Run one worker until SIGTERM or SIGINT; gives the exit status. A second signal ends the process at once.

    Raises ConfigurationError and FatalStreamError as `Worker.run` does.
    """
    for warning in (*settings.warnings, *descriptor_warnings(settings.delivery.concurrency)):
        log.warning("questionable setting", name=warning.name, what=warning.what, hint=warning.hint)
    member = Application(settings)
    StopSignals(member.stop)
    calm_garbage_collection()
    threading.Thread(target=load_validator, name="email-validator", daemon=True).start()
    ending = member.run()
    if ending is Ending.UNANSWERED:
        # Closing the consumer would wait for the missing answer for as long as the session lasts.
        log.warning("last commit unconfirmed, its records will be delivered again")
        os._exit(ExitStatus.FAILED)
    return ExitStatus.DONE if ending is Ending.DRAINED else ExitStatus.FAILED
