"""A replay whose offsets Kafka has deleted repeats no delivery."""

from __future__ import annotations

import pytest

from tests.integration.redrive_stage import RedriveStage
from tests.support.waiting import HANG_SECONDS, wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
JANE, JOE, ANN = (f"{name}.doe@example.com" for name in ("jane", "joe", "ann"))
REDRIVE = ("dead-letters", "redrive", "--to", "deliver", "--execute")
REPLAY = ("replay", "--from-earliest", "--include-stale")


def delivered(redrive: RedriveStage) -> list[str]:
    return [each["email"] for each in redrive.stage.payloads()]


def test_a_monthly_redrive_processes_only_new_dead_letters(redrive: RedriveStage) -> None:
    redrive.write(JANE)
    redrive.lines(*REDRIVE)
    redrive.forget()
    assert redrive.lines(*REDRIVE) == []
    redrive.forget()
    redrive.write(JOE)
    assert redrive.lines(*REDRIVE) == [{"outcome": "delivered", "dead_letters": 1}]
    assert delivered(redrive) == [JANE, JOE]


def test_a_replay_resumes_where_it_ended(redrive: RedriveStage) -> None:
    redrive.record(JANE, partition=0)
    redrive.record(JOE, partition=1)
    redrive.lines(*REPLAY)
    redrive.forget()
    done = redrive.command(*REPLAY)
    assert (done.returncode, "This replay is complete" in done.stderr) == (0, True)
    redrive.record(ANN, partition=1)
    redrive.lines(*REPLAY)
    assert sorted(delivered(redrive)) == [ANN, JANE, JOE]


@pytest.mark.parametrize("command", [REDRIVE, REPLAY], ids=["redrive", "replay"])
def test_the_progress_of_a_killed_run_is_unknown(redrive: RedriveStage, command: tuple[str, ...]) -> None:
    redrive.write(*(f"u{number}@example.com" for number in range(10)))
    with redrive.started(*command, "--rate", "2") as running:
        wait_until(lambda: delivered(redrive) or running.poll() is not None)
        running.kill()
    redrive.forget()
    before = len(delivered(redrive))
    refused = redrive.command(*command)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "--restart starts over" in refused.stderr
    assert len(delivered(redrive)) == before
    assert redrive.command(*command, "--restart").returncode == 0
    assert len(set(delivered(redrive))) == 10


def test_a_topic_that_was_created_again_is_replayed_from_its_beginning(redrive: RedriveStage) -> None:
    stage = redrive.stage
    redrive.record(JANE, partition=0)
    redrive.lines(*REPLAY)
    stage.admin.delete_topics([stage.topic])[stage.topic].result(HANG_SECONDS)
    stage.broker.create_topic(stage.topic, 4, {"retention.ms": "-1"})
    redrive.record(JOE, partition=0)
    redrive.lines(*REPLAY)
    assert delivered(redrive) == [JANE, JOE]
