"""Words that have a better one in this field, or none: code, manifests and documents do without them."""

from __future__ import annotations

import re

import pytest

from tests.docs.documents import DOCUMENTS, ROOT, name

BANNED = (
    *("mend", "mends", "mended", "mending", "bury", "buries", "buried", "burial", "burials", "graveyard", "lest"),
    *("for ever", "as a rule", "comes round", "come round", "is the way there", "what becomes of"),
    *("none of its business", "let go", "lets go", "crew", "whoever", "meanwhile", "lands", "landed"),
    *("look-up", "look-ups", "frontier", "frontiers", "ledger", "ledgers", "commit map", "commit maps", "happening"),
    *("letter", "letters", "goes on", "stands", "a person"),
)
DEAD_LETTER = re.compile(r"dead(?:[-_]|\s+)letters?", re.IGNORECASE)
FOUND = re.compile(rf"(?<![\w-])(?:{'|'.join(BANNED)})(?![\w-])", re.IGNORECASE)
SUFFIXES = {".py", ".md", ".yaml", ".toml", ".html", ".css", ".js"}
# Letters of the alphabet.
LETTERS = {
    "consumer/commands/repeat.py",
    "consumer/enrolment/README.md",
    "consumer/enrolment/phone.py",
    "consumer/enrolment/phone_signs.py",
    "consumer/enrolment/written_number.py",
}
HISTORY = {"CHANGELOG.md"}  # it names what things were called before


def texts() -> list[str]:
    paths = {*DOCUMENTS, *(ROOT / "consumer").rglob("*"), *(ROOT / "deploy").rglob("*")}
    names = sorted(name(path) for path in paths if path.suffix in SUFFIXES)
    return [each for each in names if each not in HISTORY and "/rendered/" not in each]


@pytest.mark.parametrize("text_file", texts())
def test_no_banned_word(text_file: str) -> None:
    text = DEAD_LETTER.sub("", (ROOT / text_file).read_text("utf-8"))
    found = {word.lower() for word in FOUND.findall(text)}
    assert found - ({"letter", "letters"} if text_file in LETTERS else set()) == set()
