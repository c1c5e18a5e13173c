"""Mutants of the engine, each of which the simulation must detect."""

from __future__ import annotations

import inspect
import sys
import textwrap
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from consumer.clicksend.outcome import classify
from consumer.dead_letters.writer import DeadLetters
from consumer.delivery.circuit_breaker import CircuitBreaker
from consumer.delivery.gate import Gate
from consumer.delivery.halt import Halt
from consumer.scheduling.lanes import Lanes
from consumer.scheduling.offset_map import OffsetMap
from consumer.scheduling.offset_tracker import OffsetTracker
from consumer.scheduling.ready import RetryQueue
from consumer.scheduling.scheduler import Scheduler
from consumer.worker.batches import DecidedBatch, OpenBatch
from consumer.worker.committer import Committer
from consumer.worker.delivery_loop import DeliveryLoop
from consumer.worker.intake import Intake
from consumer.worker.poll_loop import PollLoop
from consumer.worker.rebalance import Assignment
from consumer.worker.rewind import Rewind


@dataclass(frozen=True)
class Mutant:
    """In the source of one method, `old` becomes `new`; one of these oracles has to notice."""

    name: str
    owner: type
    method: str
    old: str
    new: str
    oracles: frozenset[str]

    def apply(self, patch: pytest.MonkeyPatch) -> None:
        """Break the engine, until the patch is undone."""
        source = textwrap.dedent(inspect.getsource(getattr(self.owner, self.method)))
        assert self.old in source, f"{self.name}: the engine has changed; write the mutant anew"
        scope = {**vars(sys.modules[self.owner.__module__]), "classify": classify, "datetime": datetime, "UTC": UTC}
        broken = "from __future__ import annotations\n" + source.replace(self.old, self.new)
        made: dict[str, object] = {}  # beside the module's names: a function of it may be called as the method is
        exec(compile(broken, f"<{self.name}>", "exec"), scope, made)  # noqa: S102 -- our own source, changed
        patch.setattr(self.owner, self.method, made[self.method])


def _mutant(name: str, what: tuple[type, str], old: str, new: str, *oracles: str) -> Mutant:
    return Mutant(name, what[0], what[1], old, new, frozenset(oracles))


MUTANTS = [
    _mutant(
        "settled before the answer",
        (DeliveryLoop, "_pump"),
        "driver.send(work.task.payload, partial(self._ended, work))",
        "scheduler.complete(work, classify(200, {}, b'', datetime.now(UTC)), now)\n"
        "            driver.send(work.task.payload, "
        "lambda _: (setattr(self, '_requests', self._requests - 1), self._pump()))",
        "committable_offset",
        "offset map",
        "order",
    ),
    _mutant(
        "committed beyond the committable offset",
        (Scheduler, "commit_candidates"),
        "[(each, offset, each.offset_map(offset, limit))",
        "[(each, each.highest_seen + 1, '')",
        "committable_offset",
    ),
    _mutant(
        "committed when lost",
        (Assignment, "lost"),
        "self._detach(owned",
        "self._committer.commit_now(_consumer, [each for each in owned if each in self._scheduler.trackers])\n"
        "    self._detach(owned",
        "lost",
    ),
    _mutant(
        "not resumed on assign",
        (Assignment, "assigned"),
        "consumer.resume(positions)",
        "pass",
        "resume",
        "rest",
    ),
    _mutant(
        "dead letter settled before its report",
        (DeadLetters, "_write"),
        "on_delivery=reported,\n        )",
        "on_delivery=lambda *_: None,\n        )\n        reported(None, None)",
        "committable_offset",
        "offset map",
    ),
    _mutant(
        "headers that can't be read are asked for",
        (Intake, "_task"),
        "task = _task(message, tracker, decision)",
        "message.headers()\n    task = _task(message, tracker, decision)",
        "run",
    ),
    _mutant("lanes ignored", (Lanes, "enter"), "return not ahead", "return True", "order"),
    _mutant(
        "late answer counted",
        (Scheduler, "complete"),
        "if not task.tracker.live:",
        "if False:",
        "conservation",
    ),
    _mutant(
        "late dead letter counted",
        (Scheduler, "dead_letter_written"),
        "if live:",
        "if True:",
        "conservation",
    ),
    _mutant(
        "committed offset not read and taken for none",
        (Assignment, "_committed"),
        "return consumer.committed(partitions, timeout=ANSWER_SECONDS)",
        "return partitions",
        "start",
    ),
    _mutant(
        "leader epoch left out of commits",
        (Committer, "_changed"),
        "epoch = _epoch_before(offset, tracker, positions.get(tracker))",
        "epoch = EPOCH_UNKNOWN",
        "committable_offset",
        "duplicates",
    ),
    _mutant(
        "leader epoch left out of assignments",
        (Assignment, "_open_committed"),
        "leader_epoch=EPOCH_UNKNOWN if epoch is None else epoch",
        "leader_epoch=EPOCH_UNKNOWN",
        "committable_offset",
        "offset map",
        "resume",
        "rest",
        "duplicates",
        "start",
    ),
    _mutant(
        "log not compared at an assignment",
        (Assignment, "assigned"),
        "check_positions(consumer, self._scheduler.trackers, positions)",
        "pass",
        "committable_offset",
        "offset map",
        "resume",
        "rest",
        "duplicates",
    ),
    _mutant(
        "leader epoch forgotten where a truncated log parts",
        (Rewind, "_replaced"),
        "if start.leader_epoch != EPOCH_UNKNOWN:",
        "if False:",
        "committable_offset",
        "duplicates",
        "start",
    ),
    _mutant(
        "reset by policy where a truncated log parts",
        (Rewind, "_where_to_restart"),
        "if parted := _PARTED.search(why):",
        "if parted := None:",
        "duplicates",
        "start",
    ),
    _mutant(
        "offset map trusted for records of newer epochs",
        (OffsetMap, "is_older"),
        "return leader_epoch is not None and",
        "return False and",
        "committable_offset",
        "offset map",
        "resume",
        "rest",
    ),
    _mutant("two commits outstanding", (Committer, "tick"), " or self.outstanding", "", "one commit"),
    _mutant(
        "offset map of another topic believed",
        (Assignment, "_open_committed"),
        "_load(tracker, committed, claim, topic_id)",
        "tracker.previously_settled = claim if claim is not None and claim.committed == committed.offset else None",
        "committable_offset",
        "offset map",
        "rest",
        "resume",
    ),
    _mutant(
        "position believed inside a revoke",
        (Committer, "commit_now"),
        "lambda _tracker: None",
        "lambda tracker: _position(consumer, tracker.partition)",
        "committable_offset",
    ),
    _mutant(
        "offset map left out",
        (OffsetTracker, "_make_map"),
        "unsettled = list",
        "return ''; unsettled = list",
        "duplicates",
    ),
    _mutant(
        "offset map not believed",
        (Assignment, "_open_committed"),
        "_load(tracker, committed, claim, topic_id)",
        "pass",
        "duplicates",
    ),
    _mutant(
        "jump backwards not seen",
        (Intake, "read"),
        "if offset <= tracker.highest_seen or moved_back or deferred:",
        "if False:",
        "one disposition",
        "committable_offset",
        "run",
        "conservation",
        "order",
    ),
    _mutant(
        "request still out at a revoke forgotten",
        (Assignment, "_await_in_flight"),
        "while self._scheduler.in_flight(partitions)",
        "while False and self._scheduler.in_flight(partitions)",
        "revoke",
    ),
    _mutant(
        "lane left at the detach by what is in flight",
        (Scheduler, "_drop_waiting"),
        "if task.stage in WAITING:",
        "if task.stage is not Stage.DONE:",
        "order",
        "run",
    ),
    _mutant(
        "never resumed at the cap", (PollLoop, "_regulate"), "self.consumer.resume", "lambda _: None", "resume", "rest"
    ),
    _mutant("no cap", (PollLoop, "_regulate"), "if trackers:", "if False:", "caps"),
    _mutant(
        "a retry forgotten",
        (RetryQueue, "pop_due"),
        "while self._heap",
        "while len(self._heap) > 1",
        "resume",
        "rest",
        "spin",
    ),
    _mutant(
        "halt that sends on",
        (Gate, "ask"),
        "ready_at = max(ready_at, self._halt.trial_at)",
        "pass",
        "halt",
    ),
    _mutant(
        "halt that ends with the probe",
        (Halt, "probed"),
        "self._trial_allowed = result.allows_trial",
        "self.end()",
        "halt",
    ),
    _mutant(
        "breaker with two trials",
        (Gate, "ask"),
        "if self._breaker.state is BreakerState.HALF_OPEN:",
        "if False:",
        "breaker",
    ),
    _mutant(
        "breaker that stays open",
        (CircuitBreaker, "trial_answered"),
        "self.state = BreakerState.CLOSED",
        "pass",
        "breaker",
        "resume",
        "rest",
    ),
    _mutant("a wake-up lost", (Scheduler, "_wake_is_due"), "return due", "return False", "resume", "rest"),
    _mutant(
        "the timer for what waits forgotten",
        (DeliveryLoop, "_wait"),
        "if until < math.inf:",
        "if False:",
        "resume",
        "rest",
    ),
    _mutant(
        "a slot lost with each failure",
        (DeliveryLoop, "_ended"),
        "self._requests -= 1",
        "self._requests -= outcome.cause is None",
        "resume",
        "rest",
    ),
    _mutant(
        "batch settled with its first event",
        (Scheduler, "_settle_event"),
        "if batch.open:",
        "if False:",
        "committable_offset",
        "offset map",
        "one disposition",
        "dead letter",
        "conservation",
        "run",
    ),
    _mutant(
        "later records delivered before a batch with the same contact is settled",
        (Scheduler, "_settle_event"),
        "if batch.open:",
        "self._leave_lanes(batch.record)\n    if batch.open:",
        "order",
    ),
    _mutant(
        "event of a batch that failed left out of the dead letter",
        (DecidedBatch, "add"),
        "self.failed[index] = decision",
        "self.filtered[FilterReason.NOT_ENROLMENT] += 1",
        "dead letter",
        "committable_offset",
        "offset map",
    ),
    _mutant(
        "batch decided without a poll in between", (OpenBatch, "decide"), "if clock() >= until:", "if False:", "slices"
    ),
    _mutant(
        "batch half decided and passed by the position",
        (OffsetTracker, "committable_offset"),
        "self.highest_seen + 1 if self.waits else ",
        "",
        "committable_offset",
        "offset map",
        "rest",
        "resume",
    ),
    _mutant("released records not counted", (Scheduler, "detach"), "+= len(tracker)", "+= 0", "conservation"),
]
