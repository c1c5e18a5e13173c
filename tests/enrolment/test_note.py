"""Notes are a closed list."""

from __future__ import annotations

from consumer.enrolment.contact import Contact
from consumer.enrolment.note import POSSIBLE_NOTES, Note, NoteKind


def test_a_note_reads_as_a_remark() -> None:
    assert str(Note(NoteKind.HASHED, "email")) == "email hashed"


def test_the_possible_notes_are_about_fields_and_use_every_kind() -> None:
    assert len(set(POSSIBLE_NOTES)) == len(POSSIBLE_NOTES)
    assert {note.kind for note in POSSIBLE_NOTES} == set(NoteKind)
    assert {note.field for note in POSSIBLE_NOTES} <= set(Contact.__slots__)
