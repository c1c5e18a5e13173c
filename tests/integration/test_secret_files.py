"""A worker that is given a new API key while it delivers."""

from __future__ import annotations

import pytest

from tests.support.events import sign_up
from tests.support.stage import Stage, stage_fixture

pytestmark = pytest.mark.slow  # a look takes place every ten seconds
stage = stage_fixture("in_process_broker-consumer")


def test_a_new_key_is_used_before_the_old_one_is_refused(stage: Stage) -> None:
    key = stage.folder / "key"
    key.write_text(stage.sandbox.options.api_key)
    with stage.worker(CLICKSEND_API_KEY=None, CLICKSEND_API_KEY_FILE=str(key)) as worker:
        stage.produce(sign_up(0))
        worker.wait(lambda: stage.enrolled() == 1)
        key.write_text("the-next-key")
        worker.wait(lambda: "credentials reloaded" in worker.events())
        stage.sandbox.set_credentials(stage.sandbox.options.username, "the-next-key")
        stage.produce(sign_up(1))
        worker.wait(lambda: stage.enrolled() == 2)
        assert "delivery halted" not in worker.events()
        assert worker.stop() == 0
