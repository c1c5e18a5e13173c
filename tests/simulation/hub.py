"""Virtual time, and threads of which one runs at a time: greenlets under a hub that picks the next by the seed."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count
from random import Random
from typing import TYPE_CHECKING

from greenlet import GreenletExit, getcurrent, greenlet

if TYPE_CHECKING:
    from types import TracebackType

START = 1000.0  # the clock's first reading, in seconds
STILL_STEPS = 50_000  # so many switches without time going on: somebody spins


class Process:
    """The threads of one worker, killed and frozen together."""

    def __init__(self, hub: Hub, name: str) -> None:
        self.hub = hub
        self.name = name
        self.dead = False
        self.thaws_at = 0.0
        self.held: list[Fibre] = []  # would run, were the process not frozen
        self.lock_depth = 0  # of the one lock that the worker has: nobody may switch while it holds it
        self.fibres: list[Fibre] = []

    @property
    def frozen(self) -> bool:
        """Return whether SIGSTOP is in effect."""
        return self.thaws_at > self.hub.now

    def kill(self) -> None:
        """SIGKILL: nothing of it runs any more, no `finally` either."""
        self.dead = True

    def freeze(self, seconds: float) -> None:
        """SIGSTOP, and SIGCONT so much later."""
        self.thaws_at = self.hub.now + seconds
        self.hub.at(self.thaws_at, self._thaw)

    def _thaw(self) -> None:
        held, self.held = self.held, []
        for fibre in held:
            self.hub.make_runnable(fibre)


class Fibre:
    """One thread."""

    __slots__ = ("done", "generation", "greenlet", "joiners", "name", "parked", "process", "woken")

    def __init__(self, process: Process, name: str, run: Callable[[], None], hub_greenlet: greenlet) -> None:
        self.process = process
        self.name = name
        self.greenlet = greenlet(run, hub_greenlet)
        self.generation = 0  # of its waits: an alarm of an earlier one is void
        self.parked = False
        self.woken = False
        self.done = False
        self.joiners: list[Fibre] = []

    def join(self, timeout: float) -> None:
        """Wait for its end, at most `timeout` seconds."""
        hub, waiting = self.process.hub, self.process.hub.current
        if not self.done and waiting is not None:
            self.joiners.append(waiting)
            if not hub.pause(timeout):
                self.joiners.remove(waiting)


class SpinningError(Exception):
    """Something goes on for ever while time stands still."""


class LockHeldError(Exception):
    """A thread went to wait for the outside world with the worker's lock in its hands."""


class Hub:
    """Owns the clock and decides who runs.

    restlessness -- how probable it is that a thread loses its turn where it takes the lock
    """

    def __init__(self, random: Random, restlessness: float) -> None:
        self.now = START
        self.random = random
        self.current: Fibre | None = None
        self.switches = 0
        self._restlessness = restlessness
        self._greenlet = getcurrent()
        self._runnable: list[Fibre] = []
        self._alarms: list[tuple[float, int, Fibre | None, int, Callable[[], None] | None]] = []
        self._numbers = count()
        self._still = 0

    def clock(self) -> float:
        """The time, in seconds."""
        return self.now

    def at(self, when: float, act: Callable[[], None]) -> None:
        """Something that the outside world does then. It must not wait."""
        heapq.heappush(self._alarms, (when, next(self._numbers), None, 0, act))

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        """Something that the outside world does so much later. It must not wait."""
        self.at(self.now + seconds, act)

    def spawn(self, process: Process, name: str, target: Callable[[], object]) -> Fibre:
        """A new thread."""

        def run() -> None:
            if process.dead:
                return
            target()
            fibre.done = True
            for joiner in fibre.joiners:
                self.wake(joiner)

        fibre = Fibre(process, name, run, self._greenlet)
        process.fibres.append(fibre)
        self.make_runnable(fibre)
        return fibre

    def pause(self, timeout: float | None = None) -> bool:
        """The running thread waits until woken (true), or for `timeout` seconds (false)."""
        fibre = self._running()
        if fibre.process.lock_depth:
            raise LockHeldError(fibre.name)
        fibre.generation += 1
        if timeout is not None:
            heapq.heappush(self._alarms, (self.now + timeout, next(self._numbers), fibre, fibre.generation, None))
        fibre.parked, fibre.woken = True, False
        self._leave(fibre)
        return fibre.woken

    def sleep(self, seconds: float) -> None:
        """The running thread waits for so long, whoever calls."""
        end = self.now + seconds
        while self.now < end:
            self.pause(end - self.now)

    def stumble(self) -> None:
        """The running thread may lose its turn here."""
        fibre = self.current
        if fibre is not None and not fibre.process.dead and self.random.random() < self._restlessness:
            self._runnable.append(fibre)
            self._leave(fibre)

    def wake(self, fibre: Fibre) -> None:
        """End the thread's wait, if it waits."""
        if fibre.parked:
            fibre.parked, fibre.woken = False, True
            self.make_runnable(fibre)

    def make_runnable(self, fibre: Fibre) -> None:
        """The thread may be chosen from now on."""
        self._runnable.append(fibre)

    def run(self, until: Callable[[], bool]) -> None:
        """Let the world go on until this holds when nobody can run, or nothing is left that could happen."""
        while True:
            fibre = self._choose()
            if fibre is not None:
                self._still += 1
                if self._still > STILL_STEPS:
                    raise SpinningError(fibre.name)
                self.switches += 1
                self.current = fibre
                fibre.greenlet.switch()
                self.current = None
            elif until() or not self._alarms:
                return
            else:
                self._ring()

    def bury(self, processes: list[Process]) -> None:
        """Unwind the threads that never came to their end, so that nothing of them is left to the garbage collector."""
        for process in processes:
            process.dead = True
            for fibre in process.fibres:
                if fibre.greenlet and not fibre.greenlet.dead:
                    self.current = fibre
                    fibre.greenlet.throw(GreenletExit)
        self.current = None

    def _choose(self) -> Fibre | None:
        runnable = self._runnable
        while runnable:
            if len(runnable) > 1:
                which = int(self.random.random() * len(runnable))
                runnable[which], runnable[-1] = runnable[-1], runnable[which]
            fibre = runnable.pop()
            process = fibre.process
            if process.dead:
                continue
            if process.thaws_at > self.now:
                process.held.append(fibre)
                continue
            return fibre
        return None

    def _ring(self) -> None:
        """Time goes on to the next alarm."""
        when, _number, fibre, generation, act = heapq.heappop(self._alarms)
        if when > self.now:
            self.now = when
            self._still = 0
        if act is not None:
            act()
        elif fibre is not None and fibre.parked and fibre.generation == generation:
            fibre.parked = False
            self._runnable.append(fibre)

    def _running(self) -> Fibre:
        if self.current is None:
            raise RuntimeError("only a thread of the simulation can wait")
        if self.current.process.dead:
            raise GreenletExit
        return self.current

    def _leave(self, fibre: Fibre) -> None:
        self._greenlet.switch()
        if fibre.process.dead:
            raise GreenletExit


class VirtualCondition:
    """A condition over the worker's one lock.

    Nobody is ever switched away while holding it, but in `wait`: it is free whenever somebody takes it.
    """

    def __init__(self, process: Process) -> None:
        self._process = process
        self._waiting: list[Fibre] = []

    def __enter__(self) -> object:
        process = self._process
        if process.lock_depth:
            raise LockHeldError("a thread takes a lock that it has")
        process.hub.stumble()
        process.lock_depth += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._process.lock_depth -= 1

    def wait(self, timeout: float | None = None) -> object:
        """Let go of the lock until notified, or for `timeout` seconds."""
        process = self._process
        fibre = process.hub.current
        if fibre is None or process.dead:
            raise GreenletExit
        depth, process.lock_depth = process.lock_depth, 0
        self._waiting.append(fibre)
        try:
            woken = process.hub.pause(None if timeout == float("inf") else timeout)
            if not woken and fibre in self._waiting:  # a notification that came too late for it is lost, as CPython's
                self._waiting.remove(fibre)
        finally:
            process.lock_depth = depth
        return woken

    def notify_all(self) -> None:
        """Wake all who wait."""
        waiting, self._waiting = self._waiting, []
        for fibre in waiting:
            self._process.hub.wake(fibre)


class VirtualThreads:
    """Threads of one process, under the hub."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def condition(self) -> tuple[VirtualCondition, VirtualCondition]:
        """A lock that is not reentrant, and a condition over it: the same here."""
        condition = VirtualCondition(self._process)
        return condition, condition

    def start(self, target: Callable[[], object], name: str) -> Fibre:
        """Run `target` beside the caller."""
        return self._process.hub.spawn(self._process, name, target)
