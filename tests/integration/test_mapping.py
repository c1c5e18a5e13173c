"""The operator's own mapping, contacts as input and the consent policy, in the whole worker."""

from __future__ import annotations

import orjson
import pytest

from tests.formats.samples import BY_NUMBER, packed, structured
from tests.integration.redrive_stage import RedriveStage
from tests.support.events import identify
from tests.support.stage import PARTITIONS, Stage
from tests.support.worker_process import COMMAND, WorkerProcess

SETTLED = "clicksend_consumer_records_settled_total"
NO_CONSENT = f'{SETTLED}{{disposition="filtered",reason="no_consent"}}'
FIELDS = """
[enrolment]
consent_traits = ["vip_texts"]

[enrolment.fields]
custom_2 = "/traits/loyalty_tier"
custom_3 = ["/traits/store", "/context/campaign/source"]
organization_name = "/traits/employer/name"
phone_number = ["/traits/whatsapp", "/traits/phone"]
"""
CONTACT = {
    "email": "jane.doe@example.com",
    "phone_number": "+14155550132",
    "first_name": "Jane",
    "address_country": "US",
    "custom_1": "marketing_opt_in",
    "custom_2": "gold",
}


def test_an_operators_own_mapping_comes_from_the_file(stage: Stage) -> None:
    config = stage.folder / "worker.toml"
    config.write_text(FIELDS, "utf-8")
    event = {
        "type": "identify",
        "traits": {
            "email": "jane@example.com",
            "phone": "+442079460958",
            "whatsapp": "+1 (415) 555-0132",
            "loyalty_tier": "gold",
            "employer": {"name": "Acme Inc"},
            "vip_texts": "yes",
            "newsletter": False,
        },
        "context": {"campaign": {"source": "spring"}},
    }
    stage.produce(event, {"type": "page", "traits": {"loyalty_tier": "x"}})
    command = (*COMMAND, "--config", str(config))
    with WorkerProcess(stage.variables(), stage.folder / "worker.log", command) as worker:
        worker.wait(lambda: worker.settled() == 2)
        assert worker.stop() == 0
    assert stage.payloads() == [
        {
            "email": "jane@example.com",
            "phone_number": "+14155550132",
            "organization_name": "Acme Inc",
            "custom_1": "marketing_opt_in",
            "custom_2": "gold",
            "custom_3": "spring",
        }
    ]
    assert stage.lag() == 0


def test_contacts_arrive_as_they_are(stage: Stage) -> None:
    values = [
        orjson.dumps(CONTACT),
        orjson.dumps({"email": "no address"}),
        orjson.dumps({"first_name": "Jane"}),
        None,
    ]
    stage.produce(raw=values)
    with stage.worker(ENROLMENT_INPUT="contact") as worker:
        worker.wait(lambda: worker.settled() == 4)
        metrics = worker.metrics()
        assert worker.stop() == 0
    assert stage.payloads() == [CONTACT]
    for disposition, reason in (
        ("filtered", "no_identity"),
        ("filtered", "tombstone"),
        ("dead_lettered", "unmappable"),
    ):
        assert metrics[f'{SETTLED}{{disposition="{disposition}",reason="{reason}"}}'] == 1
    (dead_letter,) = stage.dead_letters()
    assert dead_letter.value() == values[1]
    assert stage.lag() == 0


def test_contacts_arrive_in_gzip_in_frames_and_in_cloudevents(stage: Stage) -> None:
    contacts = [{**CONTACT, "email": f"u{number}@example.com"} for number in range(3)]
    first, second, third = map(orjson.dumps, contacts)
    stage.produce(raw=[packed(first), BY_NUMBER + second, structured(data=orjson.loads(third))])
    with stage.worker(ENROLMENT_INPUT="contact") as worker:
        worker.wait(lambda: worker.settled() == 3)
        assert worker.stop() == 0
    assert sorted(stage.payloads(), key=lambda payload: payload["email"]) == contacts
    assert stage.dead_letters() == []
    assert stage.lag() == 0


def test_an_own_mapping_reads_the_event_inside_a_cloudevent(stage: Stage) -> None:
    event = {"type": "identify", "traits": {"email": "jane@example.com", "tier": "gold"}}
    stage.produce(raw=[packed(structured(data=event))])
    with stage.worker(ENROLMENT_FIELDS='{"custom_2": "/traits/tier"}') as worker:
        worker.wait(lambda: worker.settled() == 1)
        assert worker.stop() == 0
    assert stage.payloads() == [{"email": "jane@example.com", "custom_1": "marketing_unknown", "custom_2": "gold"}]


def test_wrapped_contacts_are_delivered_once_for_equal_ones(stage: Stage) -> None:
    record = orjson.dumps({"type": "delivery", "payload": CONTACT})
    stage.produce(raw=[record, record])
    mode = {"ENROLMENT_INPUT": "contact", "ENROLMENT_EVENT_PATH": "/payload", "DELIVERY_DEDUPLICATE": "10"}
    with stage.worker(**mode) as worker:
        worker.wait(lambda: worker.settled() == 2)
        assert worker.metrics()[f'{SETTLED}{{disposition="filtered",reason="duplicate"}}'] == 1
    assert stage.payloads() == [CONTACT]


@pytest.mark.parametrize(
    ("mode", "value", "hint"),
    [
        ("event", orjson.dumps(CONTACT), "set ENROLMENT_INPUT=contact"),
        ("contact", b'{"type":"page"}', "set ENROLMENT_INPUT=event"),
    ],
)
def test_the_other_input_holds_its_partitions_and_says_which_setting_to_make(
    stage: Stage, mode: str, value: bytes, hint: str
) -> None:
    for partition in range(PARTITIONS):
        for _ in range(20):
            stage.produce_raw(value, partition=partition)
    with stage.worker(ENROLMENT_INPUT=mode) as worker:
        worker.wait(lambda: worker.readiness()[1]["state"] == "unrecognised_records")
        assert hint in worker.readiness()[1]["detail"]
        assert worker.stop() == 0
    assert stage.dead_letters() == []


def test_a_consent_policy_enrols_who_has_opted_in_and_still_tells_the_list_of_opt_outs(stage: Stage) -> None:
    stage.produce(identify(1, marketing_opt_in="yes"), identify(2, marketing_opt_in="no"), identify(3))
    with stage.worker(ENROLMENT_CONSENT="opted_in") as worker:
        worker.wait(lambda: worker.settled() == 3)
        assert worker.metrics()[NO_CONSENT] == 1
        assert worker.stop() == 0
    assert {payload["email"]: payload["custom_1"] for payload in stage.payloads()} == {
        "u1@example.com": "marketing_opt_in",
        "u2@example.com": "marketing_opt_out",
    }


@pytest.mark.kafka
def test_a_redrive_maps_the_original_record_again_by_the_settings_of_today(redrive: RedriveStage) -> None:
    redrive.write("jane.doe@example.com", name="Jane")
    fields = {"ENROLMENT_FIELDS": '{"custom_2": "/traits/firstName"}'}
    (line,) = redrive.lines("dead-letters", "redrive", "--to", "deliver", "--execute", **fields)
    assert (line["outcome"], line["dead_letters"]) == ("delivered", 1)
    assert redrive.stage.payloads()[0]["custom_2"] == "Jane"


@pytest.mark.kafka
def test_an_opt_out_that_is_kept_from_the_list_still_makes_an_older_record_stale(redrive: RedriveStage) -> None:
    redrive.write("jane.doe@example.com")
    event = {"type": "identify", "traits": {"email": "jane.doe@example.com", "marketing_opt_in": False}}
    redrive.stage.produce_raw(orjson.dumps(event), partition=0)
    policy = {"ENROLMENT_DELIVER_OPT_OUTS": "false"}
    (line,) = redrive.lines("dead-letters", "redrive", "--to", "deliver", "--execute", **policy)
    assert (line["outcome"], line["dead_letters"]) == ("stale", 1)
    assert redrive.stage.payloads() == []


def test_wrong_settings_are_told_all_at_once_with_exit_status_3(stage: Stage) -> None:
    wrong = {
        "ENROLMENT_FIELDS": '{"custom_1": "/traits/x", "frist_name": "traits.x"}',
        "ENROLMENT_CONSENT_TRAITS": "/traits/y",
        "ENROLMENT_INPUT": "contacts",
    }
    done = stage.run("run", **wrong)
    assert done.returncode == 3
    assert all(name in done.stderr for name in wrong)
    assert "did you mean first_name?" in done.stderr
