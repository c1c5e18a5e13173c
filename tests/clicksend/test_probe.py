from __future__ import annotations

import pytest

from consumer.clicksend.fault import Fault
from consumer.clicksend.outcome import Cause, classify
from consumer.clicksend.probe import ProbeResult, ProbeStatus
from tests.clicksend.expected import NOW, fault, transient


@pytest.mark.parametrize(
    ("status", "body", "result", "found"),
    [
        pytest.param(200, b'{"response_code":"SUCCESS"}', ProbeStatus.FINE, None, id="200"),
        pytest.param(200, b'{"http_code":403}', ProbeStatus.REFUSED, Fault.LIST_NOT_FOUND, id="403 in the body"),
        pytest.param(200, b'{"response_code":"FORBIDDEN"}', ProbeStatus.REFUSED, Fault.FORBIDDEN, id="FORBIDDEN"),
        pytest.param(302, b"", ProbeStatus.REFUSED, Fault.REDIRECTED, id="302"),
        pytest.param(400, b"", ProbeStatus.REFUSED, Fault.LIST_NOT_FOUND, id="400"),
        pytest.param(401, b"", ProbeStatus.REFUSED, Fault.UNAUTHORIZED, id="401"),
        pytest.param(402, b"", ProbeStatus.REFUSED, Fault.PAYMENT_REQUIRED, id="402"),
        pytest.param(403, b"", ProbeStatus.REFUSED, Fault.FORBIDDEN, id="403"),
        pytest.param(
            403, b'{"response_code":"ACCOUNT_NOT_ACTIVATED"}', ProbeStatus.REFUSED, Fault.ACCOUNT, id="account"
        ),
        pytest.param(404, b"", ProbeStatus.REFUSED, Fault.LIST_NOT_FOUND, id="404"),
        pytest.param(405, b"", ProbeStatus.REFUSED, Fault.LIST_NOT_FOUND, id="405"),
        pytest.param(429, b"", ProbeStatus.UNDECIDED, None, id="429"),
        pytest.param(503, b"", ProbeStatus.UNDECIDED, None, id="503"),
        pytest.param(600, b"", ProbeStatus.UNDECIDED, None, id="600"),
        pytest.param(409, b'{"response_code":"ALREADY_EXISTS"}', ProbeStatus.UNDECIDED, None, id="nonsense"),
    ],
)
def test_the_answer_to_a_probe_becomes_a_verdict(
    status: int, body: bytes, result: ProbeStatus, found: Fault | None
) -> None:
    assert ProbeResult.of(classify(status, {}, body, NOW)) == ProbeResult(result, found, status)


def test_a_probe_without_an_answer_decides_nothing() -> None:
    assert ProbeResult.of(transient(Cause.DNS)) == ProbeResult(ProbeStatus.UNDECIDED)


def test_a_certificate_fault_refuses_without_a_status() -> None:
    assert ProbeResult.of(fault(Fault.TLS)) == ProbeResult(ProbeStatus.REFUSED, Fault.TLS)


@pytest.mark.parametrize(
    ("result", "allowed"),
    [
        pytest.param(ProbeResult(ProbeStatus.FINE), True, id="fine"),
        pytest.param(ProbeResult(ProbeStatus.REFUSED, Fault.FORBIDDEN), True, id="only reading is forbidden"),
        pytest.param(ProbeResult(ProbeStatus.REFUSED, Fault.UNAUTHORIZED), False, id="refused"),
        pytest.param(ProbeResult(ProbeStatus.UNDECIDED), False, id="undecided"),
    ],
)
def test_a_trial_is_allowed_where_posting_may_work(result: ProbeResult, allowed: bool) -> None:
    assert result.allows_trial is allowed
