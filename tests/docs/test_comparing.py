from __future__ import annotations

import pytest

from tests.docs.comparing import agrees

PRINTED = "GROUP  AGE\none    3 min\ntwo    5 s\nat http://127.0.0.1:4711/ since 2026-01-02T03:04:05Z\n"


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param(PRINTED, id="the same"),
        pytest.param(PRINTED.replace("3 min", "1 d 18 h"), id="another age"),
        pytest.param(PRINTED.replace("   ", "         "), id="another width"),
        pytest.param(PRINTED.replace("4711", "1"), id="another port"),
        pytest.param("GROUP  AGE\n...\nat http://127.0.0.1:1/ since 2027-01-02T03:04:05Z\n", id="lines left out"),
        pytest.param("...\ntwo    5 s\n...\n", id="left out before and after"),
    ],
)
def test_these_agree(shown: str) -> None:
    assert agrees(shown, PRINTED)


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param("", id="nothing"),
        pytest.param(PRINTED.replace("two", "three"), id="another word"),
        pytest.param("GROUP  AGE\none    3 min\n", id="cut without saying so"),
        pytest.param("...\nthree  5 s\n...\n", id="a line that was never printed"),
        pytest.param("...\ntwo    5 s\none    3 min\n...\n", id="another order"),
    ],
)
def test_these_do_not(shown: str) -> None:
    assert not agrees(shown, PRINTED)
