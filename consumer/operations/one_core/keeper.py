"""Keeps the interpreter's threads on one core.

Only one of them runs at a time: whoever holds the interpreter's lock. On several cores each handing over wakes another
core, whose caches know nothing of what comes; measured with 64 delivery threads on two cores, that was a third to a
half of a contact's CPU. librdkafka's threads need no interpreter and go where they like.
"""

from __future__ import annotations

import os
import random
import sys
import threading
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

import structlog

from consumer.operations.one_core.choice import choose
from consumer.operations.one_core.usage import PROC, Usage

FIRST_LOOK = 0.25  # seconds after the start
BETWEEN_LOOKS = (1.5, 2.5)  # seconds: not the same for all, else two workers would change places for ever

log = structlog.get_logger()


class OneCore:
    """A thread that looks every few seconds which core is the emptiest, and keeps the other Python threads there.

    Where all cores are busy with other things, they are left to the operating system: a share of every core is more
    than a share of one. The same where it is not Linux, or does not say how busy its cores are.
    """

    def __init__(self, proc: Path = PROC) -> None:
        self._proc = proc
        self._core: int | None = None  # kept to; None: all
        self._before: Usage | None = None

    def start(self) -> None:
        """Begin to look, until the process ends."""
        if sys.platform == "linux":
            threading.Thread(target=self.run, name="one-core", daemon=True).start()

    def run(self) -> None:
        """Look for ever, or until Linux does not say what has happened."""
        try:
            self.look()
            time.sleep(FIRST_LOOK)
            while True:
                self.look()
                time.sleep(random.uniform(*BETWEEN_LOOKS))  # noqa: S311  (keeps workers apart, guards nothing)
        except (OSError, ValueError) as error:
            _place((), (), os.sched_getaffinity(0))
            log.info("threads are left to the operating system", why=type(error).__name__)

    def look(self) -> int | None:
        """Choose by what has happened since the last look. Gives the core kept to, None: all.

        Raises OSError or ValueError where Linux does not say what has happened.
        """
        allowed = os.sched_getaffinity(0)  # of this thread, which only the operating system or its user narrows
        threads = {each.native_id for each in threading.enumerate() if each.native_id} - {threading.get_native_id()}
        now, before = Usage.read(threads, self._proc), self._before
        self._before = now
        if before is None:
            return None
        ours = allowed if self._core is None else {self._core}
        taken = list(now.taken_since(before, ours).items())
        random.shuffle(taken)  # else the workers of an idle machine would all begin on its first core
        core = choose(self._core, {core: share for core, share in taken if core in allowed})
        if core != self._core:
            log.debug("threads are kept on a core", core=core)
        if core is not None or self._core is not None:  # else there is nothing to place, nor to let go
            _place(threads, allowed if core is None else {core}, allowed)
        self._core = core
        return core


def _place(threads: Collection[int], cores: Collection[int], allowed: Collection[int]) -> None:
    """The threads to these cores, all others of the process to all: a thread begins where the one is that began it."""
    for thread in (int(each.name) for each in Path("/proc/self/task").iterdir()):
        with suppress(OSError):  # it has ended, or it is not for us to move
            os.sched_setaffinity(thread, cores if thread in threads else allowed)
