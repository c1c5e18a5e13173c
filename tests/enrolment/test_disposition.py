"""The reasons of dispositions."""

from __future__ import annotations

import pytest

from consumer.enrolment.disposition import (
    DeadLetterReason,
    DeliveredReason,
    Disposition,
    FilterReason,
    Reason,
    disposition_of,
    dominant_reason,
)


@pytest.mark.parametrize(
    ("reason", "disposition"),
    [
        (DeliveredReason.ACCEPTED, Disposition.DELIVERED),
        (FilterReason.TOO_OLD, Disposition.FILTERED),
        (DeadLetterReason.REJECTED, Disposition.DEAD_LETTERED),
    ],
)
def test_each_reason_belongs_to_one_disposition(reason: Reason, disposition: Disposition) -> None:
    assert disposition_of(reason) is disposition


@pytest.mark.parametrize(
    ("reasons", "expected"),
    [
        ([], FilterReason.NOT_ENROLMENT),
        ([FilterReason.NO_CONSENT, FilterReason.NO_IDENTITY], FilterReason.NO_CONSENT),
        ([FilterReason.DUPLICATE, DeliveredReason.ACCEPTED], DeliveredReason.ACCEPTED),
        ([DeliveredReason.ALREADY_EXISTS, DeliveredReason.ACCEPTED], DeliveredReason.ALREADY_EXISTS),
    ],
)
def test_of_several_reasons_the_most_telling_one_counts(reasons: list[Reason], expected: Reason) -> None:
    assert dominant_reason(reasons) is expected
    assert all(dominant_reason([each]) is each for each in (*FilterReason, *DeliveredReason))
