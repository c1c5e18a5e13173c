from __future__ import annotations

import pytest

from consumer.sandbox.store import DuplicateContacts, Store, Stored

JANE = {"email": "jane.doe@example.com", "phone_number": "+14155550132", "first_name": "Jane"}


def store(duplicates: DuplicateContacts = DuplicateContacts.UPSERT, limit: int = 100) -> Store:
    return Store((428, 429), duplicates, limit)


def fields_of(holding: Store, list_id: int = 428) -> list[dict[str, str]]:
    return [dict(contact.fields) for contact in holding.page(list_id, 0, 1000)]


def test_a_new_contact_is_kept_as_it_came() -> None:
    holding = store()
    how, contact = holding.add(428, JANE, now=5.0)
    assert how is Stored.CREATED
    assert (contact.list_id, contact.fields, contact.added_at, contact.received) == (428, JANE, 5.0, 1)
    assert holding.size(428) == 1


@pytest.mark.parametrize(
    "again",
    [
        pytest.param({"email": "jane.doe@example.com"}, id="same email"),
        pytest.param({"email": "Jane.Doe@Example.com"}, id="same email in other case"),
        pytest.param({"phone_number": "+14155550132"}, id="same phone"),
        pytest.param({"email": "new@example.com", "phone_number": "+14155550132"}, id="other email, same phone"),
    ],
)
@pytest.mark.parametrize(
    ("duplicates", "how", "rows"),
    [
        (DuplicateContacts.UPSERT, Stored.UPDATED, 1),
        (DuplicateContacts.SECOND_ROW, Stored.CREATED, 2),
        (DuplicateContacts.ALREADY_EXISTS, Stored.ALREADY_EXISTS, 1),
    ],
)
def test_a_known_email_or_phone_is_a_duplicate(
    duplicates: DuplicateContacts, how: Stored, rows: int, again: dict[str, str]
) -> None:
    holding = store(duplicates)
    holding.add(428, JANE, now=1.0)
    assert holding.add(428, again, now=2.0)[0] is how
    assert holding.size(428) == rows


def test_an_upsert_overwrites_what_is_given_and_keeps_the_rest() -> None:
    holding = store()
    holding.add(428, JANE, now=1.0)
    _, contact = holding.add(428, {"email": JANE["email"], "last_name": "Doe"}, now=2.0)
    assert contact.fields == {**JANE, "last_name": "Doe"}
    assert (contact.added_at, contact.updated_at, contact.received) == (1.0, 2.0, 2)


def test_already_exists_keeps_the_older_contact() -> None:
    holding = store(DuplicateContacts.ALREADY_EXISTS)
    holding.add(428, {**JANE, "custom_1": "marketing_opt_in"}, now=1.0)
    _, contact = holding.add(428, {**JANE, "custom_1": "marketing_opt_out"}, now=2.0)
    assert contact.fields["custom_1"] == "marketing_opt_in"
    assert (contact.updated_at, contact.received) == (1.0, 2)


def test_the_same_identity_in_another_list_is_another_contact() -> None:
    holding = store()
    holding.add(428, JANE, now=1.0)
    assert holding.add(429, JANE, now=2.0)[0] is Stored.CREATED
    assert (holding.size(428), holding.size(429)) == (1, 1)


def test_two_contacts_whose_identities_cross_stay_two_and_the_email_decides() -> None:
    holding = store()
    holding.add(428, {"email": "a@example.com"}, now=1.0)
    holding.add(428, {"phone_number": "+14155550132"}, now=1.0)
    _, contact = holding.add(428, {"email": "a@example.com", "phone_number": "+14155550132"}, now=2.0)
    assert contact.contact_id == 1
    assert fields_of(holding) == [
        {"email": "a@example.com", "phone_number": "+14155550132"},
        {"phone_number": "+14155550132"},
    ]


def test_an_update_by_id_changes_that_contact() -> None:
    holding = store()
    _, contact = holding.add(428, JANE, now=1.0)
    updated = holding.update(428, contact.contact_id, {"email": "new@example.com"}, now=2.0)
    assert updated is not None
    assert updated.fields["email"] == "new@example.com"


def test_a_contact_is_no_longer_found_by_the_email_it_had() -> None:
    holding = store()
    _, contact = holding.add(428, {"email": "old@example.com"}, now=1.0)
    holding.update(428, contact.contact_id, {"email": "new@example.com"}, now=2.0)
    assert holding.add(428, {"email": "old@example.com"}, now=3.0)[0] is Stored.CREATED
    assert holding.add(428, {"email": "new@example.com"}, now=3.0)[0] is Stored.UPDATED


@pytest.mark.parametrize(("list_id", "contact_id"), [(428, 2), (429, 1)], ids=["unknown contact", "of another list"])
def test_an_update_needs_a_contact_of_that_list(list_id: int, contact_id: int) -> None:
    holding = store()
    holding.add(428, JANE, now=1.0)
    assert holding.update(list_id, contact_id, JANE, now=2.0) is None


def test_a_page_is_in_the_order_of_adding_whatever_changed_since() -> None:
    holding = store()
    for name in ("a", "b", "c"):
        holding.add(428, {"email": f"{name}@example.com"}, now=1.0)
    holding.add(428, {"email": "a@example.com", "first_name": "A"}, now=2.0)
    assert [contact.fields["email"][0] for contact in holding.page(428, 0, 2)] == ["a", "b"]
    assert [contact.fields["email"][0] for contact in holding.page(428, 2, 2)] == ["c"]


def test_recent_tells_what_changed_after_a_revision_the_newest_first() -> None:
    holding = store()
    for name in ("a", "b", "c"):
        holding.add(428, {"email": f"{name}@example.com"}, now=1.0)
    seen = holding.revision
    holding.add(428, {"email": "d@example.com"}, now=2.0)
    holding.add(428, {"email": "a@example.com"}, now=2.0)
    assert [contact.fields["email"][0] for contact in holding.recent(after=seen, count=10)] == ["a", "d"]
    assert [contact.fields["email"][0] for contact in holding.recent(after=0, count=3)] == ["a", "d", "c"]


def test_beyond_the_limit_the_contact_unchanged_for_longest_is_forgotten() -> None:
    holding = store(limit=2)
    holding.add(428, {"email": "a@example.com"}, now=1.0)
    holding.add(428, {"email": "b@example.com"}, now=2.0)
    holding.add(428, {"email": "a@example.com"}, now=3.0)
    holding.add(428, {"email": "c@example.com"}, now=4.0)
    assert [fields["email"] for fields in fields_of(holding)] == ["a@example.com", "c@example.com"]
    assert (len(holding), holding.size(428), holding.forgotten) == (2, 2, 1)
    assert holding.add(428, {"email": "b@example.com"}, now=5.0)[0] is Stored.CREATED
