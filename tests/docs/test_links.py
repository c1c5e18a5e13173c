"""Links between the documents, and from rules and dashboards to the runbook."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs import documents
from tests.docs.documents import DOCUMENTS, ROOT, anchors, links, name


def problem(document: Path, target: str) -> str:
    """Say what is wrong with a link; empty: nothing."""
    if target.startswith(("http://", "https://", "mailto:")):
        return ""
    path, _, anchor = target.partition("#")
    file = (document.parent / path).resolve() if path else document
    if not file.exists():
        return f"{target}: no such file"
    if not file.is_relative_to(ROOT):
        return f"{target}: outside the repository"
    return f"{target}: no such heading" if anchor and anchor not in anchors(file) else ""


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_each_link_leads_to_a_file_and_a_heading(document: Path) -> None:
    assert [found for target in links(document) if (found := problem(document, target))] == []
    assert documents.unnamed_references(document) == set()


@pytest.mark.parametrize("document", [each for each in DOCUMENTS if each != documents.README], ids=name)
def test_each_document_is_reached_from_the_readme(document: Path) -> None:
    reached, ahead = set[Path](), [documents.README]
    while ahead:
        page = ahead.pop()
        if page not in reached:
            reached.add(page)
            targets = ((page.parent / link.partition("#")[0]).resolve() for link in links(page))
            ahead += [each for each in targets if each in DOCUMENTS]
    assert document in reached or document.is_relative_to(ROOT / ".github")


@pytest.mark.parametrize(
    ("target", "what"),
    [
        ("../README.md#try-it", ""),
        ("../README.md#no-such-heading", "no such heading"),
        ("NO-SUCH-FILE.md", "no such file"),
        ("../../elsewhere", "no such file"),
        ("#alerts", ""),
    ],
)
def test_a_broken_link_is_found(target: str, what: str) -> None:
    assert problem(documents.RUNBOOK, target).endswith(what)
    assert bool(problem(documents.RUNBOOK, target)) == bool(what)
