"""Kafka forgets a checkpoint's offsets after some days; nothing that was delivered is repeated for it."""

from __future__ import annotations

import pytest
from confluent_kafka.admin import AdminClient

from tests.integration.command import HANG_SECONDS, wait_until
from tests.integration.graveyard import Graveyard

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
JANE, JOE, ANN = (f"{name}.doe@example.com" for name in ("jane", "joe", "ann"))
REDRIVE = ("dead-letters", "redrive", "--to", "deliver", "--execute")
REPLAY = ("replay", "--from-earliest", "--include-stale")


def delivered(graveyard: Graveyard) -> list[str]:
    return [each["email"] for each in graveyard.stage.payloads()]


def test_a_monthly_redrive_takes_what_is_new(graveyard: Graveyard) -> None:
    graveyard.bury(JANE)
    graveyard.lines(*REDRIVE)
    graveyard.forget()
    assert graveyard.lines(*REDRIVE) == []
    graveyard.forget()
    graveyard.bury(JOE)
    assert graveyard.lines(*REDRIVE) == [{"outcome": "delivered", "dead_letters": 1}]
    assert delivered(graveyard) == [JANE, JOE]


def test_a_replay_goes_on_where_it_ended(graveyard: Graveyard) -> None:
    graveyard.record(JANE, partition=0)
    graveyard.record(JOE, partition=1)
    graveyard.lines(*REPLAY)
    graveyard.forget()
    done = graveyard.command(*REPLAY)
    assert (done.returncode, "This replay is finished" in done.stderr) == (0, True)
    graveyard.record(ANN, partition=1)
    graveyard.lines(*REPLAY)
    assert sorted(delivered(graveyard)) == [ANN, JANE, JOE]


@pytest.mark.parametrize("command", [REDRIVE, REPLAY], ids=["redrive", "replay"])
def test_of_a_run_that_was_killed_nobody_knows_how_far_it_came(graveyard: Graveyard, command: tuple[str, ...]) -> None:
    graveyard.bury(*(f"u{number}@example.com" for number in range(10)))
    with graveyard.started(*command, "--rate", "2") as running:
        wait_until(lambda: delivered(graveyard) or running.poll() is not None)
        running.kill()
    graveyard.forget()
    before = len(delivered(graveyard))
    refused = graveyard.command(*command)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "--restart begins anew" in refused.stderr
    assert len(delivered(graveyard)) == before
    assert graveyard.command(*command, "--restart").returncode == 0
    assert len(set(delivered(graveyard))) == 10


def test_a_topic_that_was_created_again_is_replayed_from_its_beginning(graveyard: Graveyard) -> None:
    stage = graveyard.stage
    graveyard.record(JANE, partition=0)
    graveyard.lines(*REPLAY)
    admin = AdminClient({"bootstrap.servers": stage.broker.bootstrap})
    admin.delete_topics([stage.topic])[stage.topic].result(HANG_SECONDS)
    stage.broker.create_topic(stage.topic, 4, {"retention.ms": "-1"})
    graveyard.record(JOE, partition=0)
    graveyard.lines(*REPLAY)
    assert delivered(graveyard) == [JANE, JOE]
