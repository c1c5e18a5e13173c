"""Classification of exceptions in the order of the table, and the faults that an operator has to fix."""

from __future__ import annotations

import http.client
import socket
import ssl

import pytest
import requests
import urllib3

from consumer.clicksend.failure import FAILURES, ProxyUnauthorizedError, TunnelRefusedError, UnreachableError, failed
from consumer.clicksend.fault import Fault
from consumer.clicksend.outcome import Cause
from tests.clicksend.expected import fault, transient


def chained(outer: BaseException, *causes: BaseException) -> BaseException:
    """`outer`, raised from the first cause, which was raised from the next, and so on."""
    for error, cause in zip((outer, *causes), causes, strict=False):
        error.__cause__ = cause
    return outer


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        pytest.param(
            chained(requests.ConnectionError(), urllib3.exceptions.ProtocolError(), socket.gaierror()),
            Cause.DNS,
            id="name",
        ),
        pytest.param(
            chained(requests.ConnectionError(), UnreachableError(), ConnectionRefusedError()),
            Cause.CONNECT,
            id="refused",
        ),
        pytest.param(requests.ConnectTimeout(), Cause.CONNECT, id="connect timeout"),
        pytest.param(requests.ReadTimeout(), Cause.TIMEOUT, id="read timeout"),
        pytest.param(chained(requests.ConnectionError(), TimeoutError()), Cause.TIMEOUT, id="socket timeout"),
        pytest.param(
            chained(requests.ConnectionError(), urllib3.exceptions.ProtocolError(), ConnectionResetError()),
            Cause.RESET,
            id="reset",
        ),
        pytest.param(
            chained(requests.ConnectionError(), http.client.RemoteDisconnected("")), Cause.RESET, id="no answer"
        ),
        pytest.param(chained(requests.ConnectionError(), BrokenPipeError()), Cause.RESET, id="broken pipe"),
        pytest.param(chained(requests.exceptions.SSLError(), ssl.SSLEOFError()), Cause.RESET, id="TLS cut"),
        pytest.param(chained(requests.exceptions.SSLError(), ssl.SSLError()), Cause.TLS, id="TLS"),
        pytest.param(http.client.BadStatusLine("x"), Cause.MALFORMED, id="status line"),
        pytest.param(
            chained(requests.exceptions.ChunkedEncodingError(), http.client.IncompleteRead(b"")),
            Cause.MALFORMED,
            id="cut",
        ),
        pytest.param(requests.exceptions.ContentDecodingError(), Cause.MALFORMED, id="encoding"),
        pytest.param(TunnelRefusedError(), Cause.PROXY, id="tunnel"),
        pytest.param(requests.RequestException(), Cause.OTHER, id="any other of requests"),
        pytest.param(urllib3.exceptions.HTTPError(), Cause.OTHER, id="any other of urllib3"),
        pytest.param(OSError(), Cause.OTHER, id="any other of the system"),
    ],
)
def test_the_kind_of_a_failure_is_its_cause(error: BaseException, cause: Cause) -> None:
    assert isinstance(error, FAILURES)
    assert failed(error) == transient(cause)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        pytest.param(chained(requests.exceptions.SSLError(), ssl.SSLCertVerificationError()), Fault.TLS, id="TLS"),
        pytest.param(
            chained(requests.ConnectionError(), ProxyUnauthorizedError()), Fault.PROXY_UNAUTHORIZED, id="proxy"
        ),
    ],
)
def test_a_failure_that_an_operator_has_to_fix_is_a_configuration_fault(error: BaseException, kind: Fault) -> None:
    assert failed(error) == fault(kind)


def test_the_text_of_an_exception_is_ignored() -> None:
    assert failed(requests.ConnectionError("Tunnel connection failed: 407 timed out")).cause is Cause.OTHER


def test_exceptions_chained_in_a_ring_are_no_trap() -> None:
    one, other = OSError(), OSError()
    one.__cause__, other.__cause__ = other, one
    assert failed(one).cause is Cause.OTHER


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_has_a_hint_in_one_sentence(fault: Fault) -> None:
    assert fault.hint.endswith(".")
    assert ". " not in fault.hint
