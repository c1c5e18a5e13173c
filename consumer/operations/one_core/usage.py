"""How much of each core's time was used, and how much of that by our own threads, as Linux counts it.

Source: proc_stat(5) and proc_pid_stat(5).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Self

PROC = Path("/proc")
COUNTED = 8  # fields of a core: user nice system idle iowait irq softirq steal; guests are in user
IDLE = slice(3, 5)


@dataclass(frozen=True, slots=True)
class Usage:
    """Ticks since the start of the machine, or of the thread.

    cores   -- by core: busy, and in all
    threads -- by thread id
    """

    cores: dict[int, tuple[int, int]]
    threads: dict[int, int]

    @classmethod
    def read(cls, threads: Collection[int], proc: Path = PROC) -> Self:
        """As it stands now. Raises OSError or ValueError where Linux does not say."""
        lines = (line.split() for line in (proc / "stat").read_text("ascii").splitlines())
        cores = {int(name[3:]): _ticks(fields) for name, *fields in lines if name[:3] == "cpu" and name != "cpu"}
        return cls(cores, {thread: _of_thread(proc / "self" / "task" / str(thread) / "stat") for thread in threads})

    def taken_since(self, before: Usage, ours: Collection[int]) -> dict[int, float]:
        """What others took of each core, as a share of its time. Our threads' own part is spread over `ours`."""
        own = sum(ticks - before.threads.get(thread, 0) for thread, ticks in self.threads.items()) / max(1, len(ours))
        taken = {}
        for core, (busy, total) in self.cores.items():
            was_busy, was_total = before.cores.get(core, (busy, total))
            if total > was_total:
                others = busy - was_busy - (own if core in ours else 0)
                taken[core] = max(0.0, others / (total - was_total))
        return taken


def _ticks(fields: list[str]) -> tuple[int, int]:
    ticks = [int(field) for field in fields[:COUNTED]]
    return sum(ticks) - sum(ticks[IDLE]), sum(ticks)


def _of_thread(stat: Path) -> int:
    """User and system time; 0 for a thread that has ended meanwhile."""
    try:
        fields = stat.read_text("utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(fields[11]) + int(fields[12])
