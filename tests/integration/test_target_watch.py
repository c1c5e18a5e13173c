"""If ClickSend accepts nothing, `replay` and `redrive` exit with 4 and the cause; they never hang."""

from __future__ import annotations

import pytest

from consumer.sandbox.faults import Rule
from tests.integration.redrive_stage import RedriveStage

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
REDRIVE = ("dead-letters", "redrive", "--to", "deliver", "--execute", "--include-stale")
REPLAY = ("replay", "--from-earliest", "--include-stale")
BOTH = pytest.mark.parametrize("command", [REDRIVE, REPLAY], ids=["redrive", "replay"])
SOON = {"DELIVERY_PROBE_INTERVAL": "1", "RETRY_MAX_DELAY": "2", "RETRY_INITIAL_DELAY": "0.1"}


@BOTH
@pytest.mark.parametrize(
    ("rule", "changes", "words"),
    [
        pytest.param(Rule(status=401), {"CLICKSEND_API_KEY": "wrong"}, "refuses the probe", id="unauthorized"),
        pytest.param(Rule(status=503), {}, "no record was settled for 2 s", id="down"),
        pytest.param(Rule(status=403), {}, "", id="suspicious"),
    ],
)
def test_a_target_that_accepts_nothing_ends_it(
    redrive: RedriveStage, command: tuple[str, ...], rule: Rule, changes: dict[str, str], words: str
) -> None:
    redrive.write("jane.doe@example.com", "joe.doe@example.com")
    redrive.stage.faults(rule)
    done = redrive.command(*command, **SOON, **changes)
    assert done.returncode == 4, done.stderr
    assert words in done.stderr
    assert "Run the same command to resume" in done.stderr
    redrive.stage.faults()
    assert redrive.command(*command, **SOON).returncode == 0
    assert redrive.stage.enrolled() == 2


@BOTH
def test_the_trials_of_a_mass_rejection_run_to_the_end_of_the_range(
    redrive: RedriveStage, command: tuple[str, ...]
) -> None:
    emails = tuple(f"u{number}@example.com" for number in range(8))
    redrive.write(*emails)
    redrive.stage.faults(Rule(contact=emails, status=400))
    done = redrive.command(*command, **SOON, DELIVERY_MASS_REJECTION_LIMIT="3")
    assert done.returncode == 4, done.stderr
    assert "delivery is halted (mass_rejection)" in done.stderr
    assert [line.split()[-1] for line in done.stdout.splitlines()[1:]] == ["8"]


def test_a_replay_takes_the_protocol_and_the_poll_interval_of_the_worker(redrive: RedriveStage) -> None:
    redrive.record("jane.doe@example.com")
    changes = {"KAFKA_GROUP_PROTOCOL": "consumer", "KAFKA_MAX_POLL_INTERVAL_MS": "10000"}
    done = redrive.command(*REPLAY, **changes)
    assert done.returncode == 0, done.stderr
    assert redrive.stage.enrolled() == 1
