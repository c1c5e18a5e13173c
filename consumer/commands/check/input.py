"""Checks that the last records of a topic are events, or contacts, by the rule of the worker's input guard. Pure."""

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
    """Yield a result for each partition that the worker would hold, else one for all.

    sample -- the decisions on each partition's last records, in offset order
    limit  -- ENROLMENT_UNRECOGNISED_LIMIT; 0: no partition is held
    wanted -- ENROLMENT_INPUT
    """
    runs = {partition: list(_last_run(decisions)) for partition, decisions in sorted(sample.items())}
    bad = {partition: run for partition, run in runs.items() if run}
    for partition, run in bad.items():
        ((hint, _number),) = Counter(each.detail for each in run).most_common(1)
        what = f"{partition}: the last {len(run)} records are not {wanted}s ({hint})"
        hint = f"Compare KAFKA_TOPIC, ENROLMENT_INPUT, and ENROLMENT_EVENT_PATH where {wanted}s are wrapped"
        if limit and len(run) >= limit:
            yield failed(CHECK, what, f"{hint}: the worker holds such a partition (unrecognised_records)")
        else:
            yield warning(CHECK, what, hint)
    if not bad:
        sampled = sum(len(decisions) for decisions in sample.values())
        yield ok(CHECK, f"the last {sampled} are {wanted}s" if sampled else "none yet")


def _last_run(decisions: Sequence[Decision]) -> Iterator[Undeliverable]:
    for decision in reversed(decisions):
        if evidence(decision) is Evidence.EVENT:
            return
        if isinstance(decision, Undeliverable):
            yield decision
