"""Resources used by a process so far, by Linux, and a description of the machine."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

import confluent_kafka

from consumer import __version__
from tests.kafka.apache import VERSION as KAFKA_VERSION

CORES = os.cpu_count() or 1
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    """User and system time of all its threads, in steps of a tick (10 ms on most machines); see proc_pid_stat(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak_rss(pid: int) -> float:
    """The most memory it has held, in MiB; see VmHWM in proc_pid_status(5)."""
    lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def rss(pid: int) -> float:
    """The memory it holds now, in MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text("utf-8").split()[1])
    return pages * PAGE / 2**20


def open_files(pid: int) -> int:
    """Descriptors that it has open."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def machine() -> dict[str, str]:
    """Return the description of machine and versions."""
    models = [line for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines() if line.startswith("model name")]
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": models[0].partition(": ")[2] if models else platform.machine(),
        "cores": str(CORES),
        "load": f"{os.getloadavg()[0]:.1f}",
        "python": platform.python_version(),
        "librdkafka": confluent_kafka.libversion()[0],
        "kafka": KAFKA_VERSION,
        "worker": __version__,
    }
