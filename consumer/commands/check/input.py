"""Whether the last records of a topic are events, or contacts, as the worker's input guard will judge them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from consumer.commands.check.result import CheckResult, failed, ok, warning
from consumer.enrolment.decision import Decision, Undeliverable
from consumer.enrolment.rules import Input
from consumer.scheduling.task import Partition
from consumer.worker.input_guard import Evidence, evidence

CHECK = "records"


def input_results(
    sample: Mapping[Partition, Sequence[Decision]], limit: int, wanted: Input = Input.EVENT
) -> Iterator[CheckResult]:
    """One line for each partition that the worker would hold, else one for all.

    sample -- by partition, the decisions of its last records in their order
    limit  -- ENROLMENT_UNRECOGNISED_LIMIT; 0: nothing is held
    wanted -- ENROLMENT_INPUT
    """
    runs = {partition: list(_last_run(decisions)) for partition, decisions in sorted(sample.items())}
    bad = {partition: run for partition, run in runs.items() if run}
    for partition, run in bad.items():
        ((hint, _number),) = Counter(each.detail for each in run).most_common(1)
        what = f"{partition}: the last {len(run)} records are no {wanted}s ({hint})"
        hint = f"Compare KAFKA_TOPIC, ENROLMENT_INPUT, and ENROLMENT_EVENT_PATH where {wanted}s are wrapped"
        if limit and len(run) >= limit:
            yield failed(CHECK, what, f"{hint}: the worker holds such a partition (unrecognised_records)")
        else:
            yield warning(CHECK, what, hint)
    if not bad:
        looked_at = sum(len(decisions) for decisions in sample.values())
        yield ok(CHECK, f"the last {looked_at} are {wanted}s" if looked_at else "none yet")


def _last_run(decisions: Sequence[Decision]) -> Iterator[Undeliverable]:
    for decision in reversed(decisions):
        if evidence(decision) is Evidence.EVENT:
            return
        if isinstance(decision, Undeliverable):
            yield decision
