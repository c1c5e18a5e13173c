"""`clicksend-consumer run`: wires a worker from the settings and ends it on a signal."""

from __future__ import annotations

import gc
import os

import structlog

from consumer.operations.descriptors import descriptor_warnings
from consumer.operations.exit_status import ExitStatus
from consumer.operations.stopping import StopSignals
from consumer.operations.wiring import Member
from consumer.settings import Settings
from consumer.worker.worker import Ending

log = structlog.get_logger()


def run(settings: Settings) -> ExitStatus:
    """Run one worker until SIGTERM or SIGINT; gives the exit status. A second signal ends the process at once.

    Raises ConfigurationError and FatalStreamError as `Worker.run` does.
    """
    for warning in (*settings.warnings, *descriptor_warnings(settings.delivery.concurrency)):
        log.warning("questionable setting", name=warning.name, what=warning.what, hint=warning.mend)
    member = Member(settings)
    StopSignals(member.stop)
    gc.freeze()  # what is there now stays: no need to look at it again and again
    gc.enable()
    ending = member.run()
    if ending is Ending.UNANSWERED:
        # Closing the consumer would wait for the missing answer for as long as the session lasts.
        log.warning("ending without Kafka's answer to the last commit; what it held is delivered again")
        os._exit(ExitStatus.FAILED)
    return ExitStatus.DONE if ending is Ending.DRAINED else ExitStatus.FAILED
