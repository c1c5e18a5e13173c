"""Whether the last records of a topic are events, as the worker's input guard will judge them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from consumer.commands.check.result import CheckResult, failed, ok, warning
from consumer.enrolment.decision import Undeliverable
from consumer.formats.decider import Reading
from consumer.formats.value_format import Layer
from consumer.scheduling.task import Partition
from consumer.worker.input_guard import Evidence, evidence

CHECK = "records"


def input_results(sample: Mapping[Partition, Sequence[Reading]], limit: int) -> Iterator[CheckResult]:
    """One line for each partition that the worker would hold, else one for all.

    sample -- by partition, its last records in their order, read
    limit  -- ENROLMENT_UNRECOGNISED_LIMIT; 0: nothing is held
    """
    runs = {partition: list(_last_run(readings)) for partition, readings in sorted(sample.items())}
    bad = {partition: run for partition, run in runs.items() if run}
    for partition, run in bad.items():
        ((hint, _number),) = Counter(each.detail for each in run).most_common(1)
        what = f"{partition}: the last {len(run)} records are no events ({hint})"
        hint = "Compare KAFKA_TOPIC and KAFKA_VALUE_FORMAT, and ENROLMENT_EVENT_PATH where events are wrapped"
        if limit and len(run) >= limit:
            yield failed(CHECK, what, f"{hint}: the worker holds such a partition (unrecognised_records)")
        else:
            yield warning(CHECK, what, hint)
    if not bad:
        looked_at = sum(len(readings) for readings in sample.values())
        yield ok(CHECK, f"the last {looked_at} are events{_formats(sample)}" if looked_at else "none yet")


def _formats(sample: Mapping[Partition, Sequence[Reading]]) -> str:
    """Return what the values are, the most frequent first, where they are not all plain JSON."""
    found = Counter(" ".join(reading.layers) for readings in sample.values() for reading in readings if reading.layers)
    if found.keys() <= {Layer.JSON}:
        return ""
    return f" ({', '.join(f'{number} {form}' for form, number in found.most_common())})"


def _last_run(readings: Sequence[Reading]) -> Iterator[Undeliverable]:
    for reading in reversed(readings):
        decision = reading.decision
        if evidence(decision) is Evidence.EVENT:
            return
        if isinstance(decision, Undeliverable):
            yield decision
