"""The project's Markdown files as data: their blocks of code, their headings, their links."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
COMMANDS = ROOT / "consumer" / "commands" / "README.md"
ARCHITECTURE = ROOT / "consumer" / "README.md"
SETTINGS = ROOT / "consumer" / "settings" / "README.md"
ENROLMENT = ROOT / "consumer" / "enrolment" / "README.md"
MONITORING = ROOT / "consumer" / "monitoring" / "README.md"
DEPLOYING = ROOT / "deploy" / "README.md"
RUNBOOK = ROOT / "deploy" / "RUNBOOK.md"
SIZING = ROOT / "deploy" / "SIZING.md"

DOCUMENTS = sorted(
    path
    for path in (*ROOT.glob("*.md"), *(ROOT / ".github").glob("*.md"), *ROOT.glob("[a-z]*/**/*.md"))
    if not {"node_modules", "build", "dist"} & set(path.relative_to(ROOT).parts)
)

MANUAL = [each for each in DOCUMENTS if each.parent != ROOT / ".github" and each.name != "CHANGELOG.md"]
"""What describes the present worker; the changelog names former metrics."""

_BLOCK = re.compile(r"(?ms)^( *)```(\w*)\n(.*?)^\1```$")
_FILE = re.compile(r"(?m)\bWith\s+this\s+`([\w.-]+)`:$\n\n^```\w*\n(?s:(.*?))^```$")


@dataclass(frozen=True, slots=True)
class Example:
    """A command line of a document, and the output below it; None: the document shows none."""

    document: Path
    command: str
    output: str | None = None

    def __str__(self) -> str:
        return f"{name(self.document)}: {self.command}"


def name(document: Path) -> str:
    """Return a document's path as people write it."""
    return str(document.relative_to(ROOT))


@cache
def text(document: Path) -> str:
    """Return a document's text."""
    return document.read_text("utf-8")


def blocks(document: Path, language: str) -> list[str]:
    """Return the blocks of one language, without indentation."""
    found = _BLOCK.findall(text(document))
    return [textwrap.dedent(code) for _, marked, code in found if marked == language]


def prose(document: Path) -> str:
    """Return a document without its blocks of code."""
    return _BLOCK.sub("", text(document))


def files(document: Path) -> dict[str, str]:
    """Return the files that a document shows ("With this `NAME`:"), by their names."""
    return dict(_FILE.findall(text(document)))


def examples(document: Path) -> list[Example]:
    """Return every command line, in order: those of `console` with their output, those of `sh` without."""
    found: list[Example] = []
    for _, language, code in _BLOCK.findall(text(document)):
        block = textwrap.dedent(code)
        if language == "console":
            turns = re.findall(r"(?ms)^\$ (.*?)\n(.*?)(?=^\$ |\Z)", block)
            found += [Example(document, command, output) for command, output in turns]
        elif language == "sh":
            lines = re.sub(r" *\\\n *", " ", block).splitlines()
            found += [Example(document, line) for line in lines if line.strip()]
    return found


def anchors(document: Path) -> set[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"(?m)^#+ (.+)$", prose(document))
    words = (re.sub(r"[^\w -]", "", re.sub(r"\[(.*?)\]\(.*?\)", r"\1", heading).lower()) for heading in headings)
    return {each.replace(" ", "-") for each in words}


def links(document: Path) -> list[str]:
    """Return the targets of a document's links and pictures."""
    shown = prose(document)
    inline = re.findall(r"\]\(([^)\s]+)\)", shown)
    return inline + re.findall(r"(?m)^\[[^\]]+\]: (\S+)$", shown)


def inline_code(document: Path) -> list[str]:
    """Return what a document's prose shows as code."""
    return re.findall(r"`([^`\n]+)`", prose(document))


def unnamed_references(document: Path) -> set[str]:
    """Return the names of `[text][name]` for which the document has no address."""
    shown = re.sub(r"`[^`]*`", "", prose(document))
    used = set(re.findall(r"\]\[([^\]]+)\]", shown))
    return used - set(re.findall(r"(?m)^\[([^\]]+)\]: ", shown))
