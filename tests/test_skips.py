"""A test is skipped only where its machine lacks something, and never where a run has promised that."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.programs import Promise, absent

ROOT = Path(__file__).parent

# Skips that no promise turns into a failure, each by its file. They are of the machine, and CI's log has their reasons.
OF_THE_MACHINE = {
    "clicksend/test_adapter_contract_connecting.py": 1,  # no IPv6
    "demo/test_demo.py": 1,  # no Linux
    "deploy/test_image.py": 1,  # no Docker engine
    "monitoring/test_server.py": 1,  # no IPv6
    "sandbox/test_server.py": 1,  # no IPv6
    "upgrade/test_side_by_side.py": 2,  # CI, or no former release in a shallow clone
    "worker/test_watchdog.py": 1,  # no Linux
}
SKIPS = {"skip", "skipif", "skipIf", "importorskip", "SkipTest"}


def skips(path: Path) -> Iterator[str]:
    """Yield each use of what skips a test: by pytest, as a call or as a mark."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr in SKIPS:
            owner = ast.unparse(node.value)
            if owner in ("pytest", "pytest.mark", "unittest"):
                yield f"{owner}.{node.attr}"


def test_each_skip_is_known_or_gives_way_to_a_promise() -> None:
    found = {str(path.relative_to(ROOT)): len(list(skips(path))) for path in ROOT.rglob("*.py")}
    found[str(Path(__file__).relative_to(ROOT))] -= 1  # `pytest.skip.Exception`
    assert {name: number for name, number in found.items() if number} == {**OF_THE_MACHINE, "support/programs.py": 1}


@pytest.mark.parametrize("promise", Promise)
def test_what_is_absent_skips_a_test(promise: Promise, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(promise, raising=False)
    with pytest.raises(pytest.skip.Exception, match="no tool"):
        absent("no tool", promise)


@pytest.mark.parametrize("promise", Promise)
def test_what_is_promised_and_absent_fails_a_test(promise: Promise, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(promise, "1")
    with pytest.raises(pytest.fail.Exception, match="no tool"):
        absent("no tool", promise)


def test_ci_promises_everything() -> None:
    script = (ROOT.parent / ".ci" / "run").read_text("utf-8")
    assert [promise for promise in Promise if f"{promise}=1" not in script] == []
