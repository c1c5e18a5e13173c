from __future__ import annotations

from collections.abc import Collection, Mapping

from confluent_kafka.admin._acl import AclOperation

from consumer.commands.check.result import CheckResult, CheckStatus
from consumer.commands.check.topics import Topic, dead_letter_results, source_results

DAY_MS = 86_400_000
ALL = frozenset({AclOperation.READ, AclOperation.WRITE, AclOperation.DESCRIBE})


def topic(
    config: Mapping[str, str] | None = None, rights: Collection[AclOperation] | None = ALL, partitions: int = 6
) -> Topic:
    return Topic("events", partitions, {} if config is None else config, rights)


def source(given: Topic, retry_max_age: float = 86_400) -> CheckResult:
    (result,) = source_results(given, retry_max_age)
    return result


def dead_letters(given: Topic, *sources: Topic) -> list[CheckResult]:
    return list(dead_letter_results(given, sources or (topic(),)))


def test_a_source_that_may_be_read_and_keeps_its_records_is_fine() -> None:
    found = source(topic({"retention.ms": str(7 * DAY_MS)}))
    assert (found.status, found.hint) == (CheckStatus.OK, "")
    assert found.detail == "events: 6 partitions, may be read, retention 7 d"


def test_a_source_without_end_to_its_retention_is_fine() -> None:
    assert "retention unlimited" in source(topic({"retention.ms": "-1"})).detail


def test_the_right_to_read_is_asked_for_by_the_command_that_grants_it() -> None:
    found = source(topic(rights={AclOperation.DESCRIBE}))
    assert found.status is CheckStatus.FAILED
    assert "kafka-acls.sh" in found.hint
    assert "--operation Read --topic events" in found.hint


def test_a_broker_that_tells_no_rights_is_not_suspected() -> None:
    found = source(topic(rights=None))
    assert found.status is CheckStatus.OK
    assert "this broker reports no rights" in found.detail


def test_a_retention_below_the_age_up_to_which_a_record_is_retried_is_warned_of() -> None:
    short = topic({"retention.ms": str(DAY_MS // 2)})
    assert source(short).status is CheckStatus.WARNING
    assert "12 h" in source(short).detail
    assert source(short, retry_max_age=0).status is CheckStatus.OK


def test_a_configuration_that_may_not_be_read_is_a_warning() -> None:
    found = source(Topic("events", 6, None, ALL))
    assert found.status is CheckStatus.WARNING
    assert "DescribeConfigs" in found.hint


def test_a_dead_letter_topic_like_its_source_is_fine() -> None:
    (found,) = dead_letters(topic({"retention.ms": "-1"}))
    assert found.status is CheckStatus.OK


def test_the_right_to_write_is_asked_for() -> None:
    (found,) = dead_letters(topic(rights={AclOperation.READ}))
    assert found.status is CheckStatus.FAILED
    assert "--operation Write --topic events" in found.hint


def test_what_may_lose_a_dead_letter_is_warned_of() -> None:
    found = dead_letters(topic({"retention.ms": str(DAY_MS), "cleanup.policy": "compact"}, partitions=2))
    assert [each.status for each in found] == [CheckStatus.WARNING] * 3
    assert [each.hint for each in found] == ["Give it 6", "Set retention.ms=-1", "Set cleanup.policy=delete"]


def test_a_message_limit_below_the_sources_is_warned_of() -> None:
    (found,) = dead_letters(topic({"max.message.bytes": "1000"}), topic({"max.message.bytes": "2000"}))
    assert found.status is CheckStatus.WARNING
    assert "Set max.message.bytes=2000" in found.hint


def test_a_message_limit_as_large_as_the_sources_is_fine() -> None:
    same = {"max.message.bytes": "2000"}
    (found,) = dead_letters(topic(same), topic(same))
    assert found.status is CheckStatus.OK


def test_a_dead_letter_topic_whose_configuration_may_not_be_read_is_a_warning() -> None:
    (found,) = dead_letters(Topic("events", 6, None, ALL))
    assert found.status is CheckStatus.WARNING
