"""The package's structure: imports go one way, files and functions stay small."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "consumer"
FILES = sorted(PACKAGE.rglob("*.py"))

# From the front door down. A room may import itself, and what stands below it.
ROOMS = [
    "__main__",
    "cli",
    "demo",
    "commands",
    "app",
    "worker",
    "dead_letters",
    "settings",
    "kafka",
    "registry",
    "monitoring",
    "scheduling",
    "delivery",
    "sandbox",
    "clicksend",
    "formats",
    "enrolment",
    "web",
    "threads",
    "log",
    "number_text",
    "enum_members",
    "mask",
    "terminal",
    "loopback",
    "exit_status",
    "extras",
    "errors",
    "__init__",
]


def room(module: str) -> str:
    """The room of `consumer.scheduling.offset_tracker` is `stream`."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "consumer":
            names = (alias.name for alias in node.names)
            yield from (f"consumer.{name}" if name in ROOMS else "consumer" for name in names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module or ""


def name(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


@pytest.mark.parametrize("path", FILES, ids=name)
def test_imports_go_down_the_list_of_rooms(path: Path) -> None:
    own = path.relative_to(PACKAGE).with_suffix("").parts[0]
    rooms = {
        room(module) for module in imported(ast.parse(path.read_text("utf-8"))) if module.split(".")[0] == "consumer"
    }
    upwards = {other for other in rooms if ROOMS.index(other) < ROOMS.index(own)}
    assert not upwards, f"{own} must not know {upwards}"


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_file_is_one_concept_long(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 400


def test_a_helper_of_the_tests_is_one_concept_long() -> None:
    files = [path for path in Path(__file__).parent.rglob("*.py") if "node_modules" not in path.parts]
    helpers = [path for path in files if not path.name.startswith("test_")]
    assert not [path for path in helpers if len(path.read_text("utf-8").splitlines()) > 400]


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_function_fits_on_a_screen(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    long = [each.name for each in functions if (each.end_lineno or 0) - each.lineno + 1 > 50]
    assert not long


@pytest.mark.parametrize("path", FILES, ids=name)
def test_no_docstring_begins_with_a_relative_clause(path: Path) -> None:
    """A function's is imperative, that of a class or a module may be a noun."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = (node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, documented))
    texts = [text for node in nodes if (text := ast.get_docstring(node))]
    words = {"What", "Whatever", "Whether", "Which", "Who", "Whoever", "How"}
    assert [text for text in texts if text.split()[0] in words] == []


def test_no_pattern_has_a_possessive_or_atomic_group() -> None:
    """CPython before 3.11.5 fails to match some: https://github.com/python/cpython/issues/106052."""
    of_group = re.compile(r"(?<!\\)(?:\)(?:[*+?]|\{[0-9,]+\})\+|\(\?>)")
    assert of_group.search(r"a(?:b)++") and of_group.search(r"(ab){1,2}+") and of_group.search("(?>a)")
    assert not of_group.search(r"a++(?:b*+)*c")
    constants = (
        (name(path), node.value)
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    assert [each for each in constants if of_group.search(each[1])] == []


def test_no_admin_client_is_asked_for_a_groups_offsets() -> None:
    """librdkafka 2.16 ends the process (SIGSEGV) where such a client hears that the group's coordinator has moved."""
    places = [*FILES, *Path(__file__).parent.rglob("*.py")]
    question = "list_consumer_group" + "_offsets"
    assert not [path for path in places if question in path.read_text("utf-8")]
