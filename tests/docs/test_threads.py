"""The documented threads are those that the code starts, under the names that a stack dump shows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.docs import documents

PACKAGE = documents.ROOT / "consumer"
OTHERS = ("demo", "sandbox")  # packages that no worker runs


def started(path: Path) -> Iterator[str]:
    """Yield the names of the threads that a module starts, by `threading.Thread` or an object called `threads`."""
    tree = ast.parse(path.read_text("utf-8"))
    constants = {
        node.targets[0].id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        function = ast.unparse(call.func)
        if function == "threading.Thread":
            (given,) = [each.value for each in call.keywords if each.arg == "name"]
        elif re.fullmatch(r"(self\._)?threads\.start", function):
            given = call.args[1]
        else:
            continue
        yield str(ast.literal_eval(constants[given.id] if isinstance(given, ast.Name) else given))


def test_the_tables_have_each_thread_of_a_worker() -> None:
    modules = [path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[0] not in OTHERS]
    modules.remove(PACKAGE / "threads.py")  # there callers give the name
    names = {name for path in modules for name in started(path)}
    section = documents.text(documents.ARCHITECTURE).partition("\n## Threads\n")[2].partition("\n## ")[0]
    documented = re.findall(r"(?m)^\| `([\w-]+)` \|", section)
    assert sorted(documented) == sorted({"MainThread", *names})
