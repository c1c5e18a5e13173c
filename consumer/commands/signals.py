"""Handle Ctrl-C, SIGTERM and SIGHUP for commands that shut down in order."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from consumer.exit_status import ExitStatus


class StopSignals:
    """Installs handlers: the first signal calls `stop` on the main thread, a second one ends the process at once."""

    def __init__(self, stop: Callable[[], None] = lambda: None) -> None:
        self.came = False
        self._stop = stop
        signal.signal(signal.SIGTERM, self._handle)
        signal.signal(signal.SIGINT, self._handle)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup's choice
            signal.signal(signal.SIGHUP, self._handle)

    def _handle(self, *_: object) -> None:
        if self.came:
            os._exit(ExitStatus.FAILED)
        self.came = True
        self._stop()
