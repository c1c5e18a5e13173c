"""The default size of the record buffer.

Records that wait for a retry, or behind another record of their contact, stay in the buffer. Four records for each
request in flight keep all connections busy while three of four records wait.
"""

from __future__ import annotations

from collections.abc import Iterator

from consumer.errors import Problem

DEFAULT_AT_LEAST = 2000
RECORDS_PER_REQUEST = 4


def default_records(concurrency: int) -> int:
    """Return the default of WORKER_MAX_BUFFERED_RECORDS for this concurrency."""
    return max(DEFAULT_AT_LEAST, RECORDS_PER_REQUEST * concurrency)


def warnings(records: int, concurrency: int) -> Iterator[Problem]:
    """Yield a warning for a buffer smaller than its default."""
    default = default_records(concurrency)
    if records < default:
        what = f"is smaller than its default for DELIVERY_CONCURRENCY={concurrency}: waiting records can fill it"
        yield Problem("WORKER_MAX_BUFFERED_RECORDS", what, f"Leave it out for {default}, unless memory is short")
