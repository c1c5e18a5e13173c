"""Each document: its parts, its links, and its words."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from consumer.cli import app
from consumer.clicksend.fault import Fault
from consumer.enrolment.disposition import REASONS, DeliveredReason
from consumer.enrolment.note import NoteKind
from consumer.exit_status import ExitStatus
from consumer.monitoring import metrics
from consumer.monitoring.health import HealthState
from consumer.settings import Sources, load
from consumer.settings.field import fields_of
from consumer.settings.model import SECTIONS
from consumer.settings.readme import renewed, table
from tests.docs import documents
from tests.docs.comparing import agrees
from tests.docs.documents import DOCUMENTS, MANUAL, ROOT, Example, anchors, blocks, examples, links, name, text
from tests.support.command import run

WIDTH = 100
LONGEST_README = 200


def test_the_readme_is_short_and_fits_a_terminal() -> None:
    lines = text(documents.README).splitlines()
    assert len(lines) <= LONGEST_README
    assert [line for line in lines if len(line) > WIDTH] == []


@pytest.mark.parametrize("document", MANUAL, ids=name)
def test_prose_is_wrapped(document: Path) -> None:
    """Tables, code and what is generated may be wider: a broken cell or command line helps nobody."""
    written = re.sub(r"(?s)<!-- (\w+):begin -->.*?<!-- \1:end -->", "", documents.prose(document))
    lines = written.splitlines()
    assert [line for line in lines if len(line) > WIDTH and not line.startswith("|")] == []


def test_the_settings_are_as_the_model_has_them() -> None:
    settings = text(documents.SETTINGS)
    assert table() in settings
    assert renewed(settings) == settings, "make readme"


def test_the_table_of_settings_has_all_of_them_and_no_cell_is_broken() -> None:
    lines = table().splitlines()
    assert len(lines) == 2 + sum(len(fields_of(section)) for section in SECTIONS.values())
    assert all(line.count("|") == 4 for line in lines)


def test_the_text_around_the_table_is_unchanged() -> None:
    around = "before\n<!-- settings:begin -->\nold\n<!-- settings:end -->\nafter\n"
    assert renewed(around) == f"before\n<!-- settings:begin -->\n{table()}<!-- settings:end -->\nafter\n"


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_each_setting_that_a_document_names_exists(document: Path) -> None:
    known = {f"{section}_{key}".upper() for section, model in SECTIONS.items() for key in fields_of(model)}
    prefixes = "|".join(section.upper() for section in SECTIONS)
    named = set(re.findall(rf"\b(?:{prefixes})_[A-Z_]*[A-Z]\b", text(document)))
    assert {each.removesuffix("_FILE") for each in named - known} - known == set()


def test_the_settings_file_of_the_settings_page_is_taken(tmp_path: Path) -> None:
    (example,) = blocks(documents.SETTINGS, "toml")
    (tmp_path / "worker.toml").write_text(example)
    variables = {"SECRETS_DIR": str(tmp_path), "KAFKA_BOOTSTRAP_SERVERS": "kafka:9092", "CLICKSEND_USERNAME": "u"}
    variables |= {"CLICKSEND_API_KEY": "k", "CLICKSEND_LIST_ID": "1"}
    settings = load(Sources(variables, {}, tmp_path / "worker.toml"))
    assert settings.kafka.topics == ("raw-events",)
    assert settings.delivery.concurrency == 64
    assert settings.kafka.properties == {"client.rack": "eu-west-1a"}


def test_the_example_of_an_own_mapping_explains_as_shown(tmp_path: Path) -> None:
    (settings,), (event,), (shown,) = (blocks(documents.ENROLMENT, each) for each in ("toml", "json", "text"))
    (tmp_path / "worker.toml").write_text(settings)
    arguments = ("explain", "--config", "worker.toml", "--format", "table")
    done = run(*arguments, variables={}, folder=tmp_path, stdin=event.encode())
    assert agrees(shown, done.stdout)


@pytest.mark.parametrize("example", examples(documents.SIZING), ids=str)
def test_sizes_are_what_the_command_prints(example: Example) -> None:
    program, *arguments = example.command.split()
    assert program == "clicksend-consumer"
    assert CliRunner().invoke(app, arguments).output == example.output, "make examples"


@pytest.mark.parametrize("document", MANUAL, ids=name)
def test_each_metric_that_a_document_names_exists(document: Path) -> None:
    known = {metrics.PREFIX + each.name for each in vars(metrics).values() if isinstance(each, metrics.Metric)}
    named = set(re.findall(r"\bclicksend_[a-z_]*[a-z]\b", text(document)))
    assert {each.removesuffix("_total") for each in named} - known == set()


@pytest.mark.parametrize(
    ("document", "after", "words"),
    [
        pytest.param(documents.MONITORING, "`/readyz` names a state", set(HealthState), id="states of /readyz"),
        pytest.param(documents.RUNBOOK, "Reasons of a halt", set(Fault), id="reasons of a halt"),
        pytest.param(documents.ENROLMENT, "## Notes", set(NoteKind), id="notes"),
        pytest.param(
            documents.RUNBOOK,
            "## An event did not arrive",
            {reason for reasons in REASONS.values() for reason in reasons} - {DeliveredReason.ACCEPTED},
            id="reasons of a record",
        ),
    ],
)
def test_a_table_has_the_words_of_a_closed_list(document: Path, after: str, words: set[str]) -> None:
    assert set(re.findall(r"`(\w+)`", " ".join(first_column(document, after)))) == words


def test_each_exit_status_is_explained() -> None:
    listed = [int(cell) for cell in first_column(documents.COMMANDS, "## Exit status") if cell.isdecimal()]
    assert listed == list(ExitStatus)


def first_column(document: Path, after: str) -> list[str]:
    """Return the first cells of the first table below a text."""
    table = text(document).partition(after)[2].partition("\n|")[2].partition("\n\n")[0]
    return [line.strip("| ").partition(" |")[0] for line in table.splitlines()]


@pytest.mark.parametrize("document", MANUAL, ids=name)
def test_each_log_line_that_a_document_quotes_is_written(document: Path) -> None:
    quoted = re.findall(r"log (?:line|says)\s+`([^`]+)`", text(document))
    sources = "".join(path.read_text("utf-8") for path in (documents.ROOT / "consumer").rglob("*.py"))
    assert [line for line in quoted if f'"{line}' not in sources] == []


def functions() -> set[str]:
    """Return the names of the package's functions, those of methods with their class."""
    names = set[str]()
    for path in (documents.ROOT / "consumer").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                names |= {f"{node.name}.{each.name}" for each in node.body if isinstance(each, ast.FunctionDef)}
            elif isinstance(node, ast.FunctionDef):
                names.add(node.name)
    return names


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_each_function_that_a_document_names_exists(document: Path) -> None:
    own = r"\b((?:[A-Z]\w+\.)?[a-z_]\w*)\(\)"
    named = set(re.findall(own, text(document)))
    foreign = {"committed"}  # of confluent-kafka
    assert named - functions() - foreign == set()


def test_the_way_of_a_record_names_files_that_exist() -> None:
    (way,) = blocks(documents.ARCHITECTURE, "text")
    files = re.findall(r"\b[a-z_]+/[a-z_]+\.py", way)
    assert len(files) > 10
    assert [each for each in files if not (documents.ROOT / "consumer" / each).is_file()] == []
    assert len(way.splitlines()) <= 40


# Links between the documents, and from rules and dashboards to the runbook.


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


# Words that have a better one in this field, or none: code, manifests and documents do without them.


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
    "consumer/settings/values.py",
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
