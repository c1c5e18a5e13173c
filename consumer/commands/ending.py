"""The end of a command: its exit status, and a line on stderr for each exception."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable
from typing import NoReturn

from consumer import log
from consumer.errors import ConfigurationError, FatalStreamError, RefusedError, UsageError
from consumer.exit_status import ExitStatus
from consumer.terminal import adapt_streams, discard, flush_streams, open_streams, say

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})  # the disk is full or broken
INTERRUPTED = 130  # typer's status for Ctrl-C; it prints nothing


def run_and_exit(command: Callable[[], int | None]) -> NoReturn:
    """Run the process's command, and exit with its status."""
    open_streams()
    adapt_streams()
    status = exit_status(command)
    flush_streams()
    sys.exit(status)


def exit_status(command: Callable[[], int | None]) -> int:
    """Run a command and return its exit status. Exceptions become lines on stderr, never a traceback."""
    try:
        status = command()
        sys.stdout.flush()
    except UsageError as error:
        say(f"{error}\nSee `clicksend-consumer --help`.")
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
    except BrokenPipeError:  # the reader of stdout has closed it, as `head` does
        discard(sys.stdout)
        return ExitStatus.FAILED
    except OSError as error:
        if error.errno not in FULL:
            return _fault(error)
        discard(sys.stdout)
        say(f"The output could not be written: {error.strerror}.")
        return ExitStatus.FAILED
    except Exception as error:  # the last resort: its text may hold personal data or secrets
        return _fault(error)
    if status == INTERRUPTED:
        say("Interrupted.")
        return ExitStatus.FAILED
    return status or ExitStatus.DONE


def _fault(error: Exception) -> ExitStatus:
    say(f"Internal error: {log.places(error)}")
    return ExitStatus.FATAL
