"""Ends the process when a thread keeps the interpreter for itself, without needing the interpreter for that.

A timer of the C library's, wound again about once a second by a Python thread. When it runs out, the C library sets an
alarm, and the alarm writes the stacks of all threads and ends the process. Two steps, since clocks go on while a
process is frozen (SIGSTOP, a suspended machine): it finds the timer run out when it goes on, and has `GRACE_SECONDS`
to wind it again.
"""

from __future__ import annotations

import ctypes
import faulthandler
import signal
import sys
import time

GRACE_SECONDS = 30
STATUS = int(signal.SIGALRM)  # with which the process ends: the C library's _exit, called with the signal's number

STDERR = 2
SIGEV_THREAD = 2  # sigevent(7): a function of ours is called in a thread of the C library's


class _SigEvent(ctypes.Structure):
    """sigevent(7), as glibc and musl have it on 64 bits."""

    _fields_ = (
        ("value", ctypes.c_void_p),
        ("signo", ctypes.c_int),
        ("notify", ctypes.c_int),
        ("function", ctypes.c_void_p),
        ("attributes", ctypes.c_void_p),
        ("padding", ctypes.c_long * 4),
    )


class _TimerSpec(ctypes.Structure):
    """itimerspec: repeats never, runs out after `seconds` and `nanoseconds`."""

    _fields_ = tuple((name, ctypes.c_long) for name in ("every", "every_nanoseconds", "seconds", "nanoseconds"))


class InterpreterTimer:
    """Runs out `seconds` after it was last wound; then `grace` seconds are left to wind it again. Any thread may.

    Beyond Linux, and on 32 bits, faulthandler's timer takes its place: that one ends a process that was frozen.
    """

    def __init__(self, seconds: float, grace: int = GRACE_SECONDS) -> None:
        self._seconds = seconds
        self._libc = ctypes.CDLL(None) if sys.platform == "linux" and sys.maxsize > 2**32 else None
        self._timer = ctypes.c_void_p()
        if self._libc is not None:
            self._create(self._libc, grace)

    def wind(self) -> None:
        """Begin anew."""
        if self._libc is None:
            faulthandler.dump_traceback_later(self._seconds, exit=True)
            return
        self._set(self._libc, self._seconds)
        signal.alarm(0)

    def stop(self) -> None:
        """Never run out."""
        if self._libc is None:
            faulthandler.cancel_dump_traceback_later()
            return
        self._libc.timer_delete(self._timer)
        signal.alarm(0)

    def _create(self, libc: ctypes.CDLL, grace: int) -> None:
        faulthandler.unregister(signal.SIGALRM)
        libc.signal(signal.SIGALRM, ctypes.cast(libc._exit, ctypes.c_void_p))
        faulthandler.register(signal.SIGALRM, file=STDERR, all_threads=True, chain=True)  # then calls _exit
        function = ctypes.cast(libc.alarm, ctypes.c_void_p).value
        event = _SigEvent(value=grace, notify=SIGEV_THREAD, function=function)
        if libc.timer_create(time.CLOCK_MONOTONIC, ctypes.byref(event), ctypes.byref(self._timer)) != 0:
            self._libc = None

    def _set(self, libc: ctypes.CDLL, seconds: float) -> None:
        whole, part = divmod(seconds, 1)
        spec = _TimerSpec(seconds=int(whole), nanoseconds=int(part * 1e9))
        libc.timer_settime(self._timer, 0, ctypes.byref(spec), None)
