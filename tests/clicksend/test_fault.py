from __future__ import annotations

import pytest

from consumer.clicksend.fault import Fault


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_has_a_hint_in_one_sentence(fault: Fault) -> None:
    assert fault.hint.endswith(".")
    assert ". " not in fault.hint
