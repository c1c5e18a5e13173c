"""End the process when a thread never releases the interpreter, without needing the interpreter.

A Python thread re-arms a timer of the C library about once a second. When the timer expires, the C library sets an
alarm, which writes the stacks of all threads and ends the process. Two steps, since clocks run while a process is
frozen (SIGSTOP, a suspended machine): a resumed process has `GRACE_SECONDS` to re-arm the expired timer.
"""

from __future__ import annotations

import ctypes
import faulthandler
import signal
import sys
import time

GRACE_SECONDS = 30
STATUS = int(signal.SIGALRM)  # the exit status: the C library's _exit receives the signal's number

STDERR = 2
SIGEV_THREAD = 2  # sigevent(7): call a function in a thread of the C library


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
    """Expire `seconds` after the last `wind`; then `grace` seconds are left to wind it. Any thread may.

    Other systems and 32-bit platforms use faulthandler's timer, which has no grace for a frozen process.
    """

    def __init__(self, seconds: float, grace: int = GRACE_SECONDS) -> None:
        self._seconds = seconds
        self._libc = ctypes.CDLL(None) if sys.platform == "linux" and sys.maxsize > 2**32 else None
        self._timer = ctypes.c_void_p()
        if self._libc is not None:
            self._create(self._libc, grace)

    def wind(self) -> None:
        """Restart the timer."""
        if self._libc is None:
            faulthandler.dump_traceback_later(self._seconds, exit=True)
            return
        self._set(self._libc, self._seconds)
        signal.alarm(0)

    def stop(self) -> None:
        """Disarm the timer."""
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
