from __future__ import annotations

import pytest

from consumer.clicksend.fault import Fault


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_says_in_one_sentence_how_to_mend_it(fault: Fault) -> None:
    assert fault.hint.endswith(".")
    assert ". " not in fault.hint
