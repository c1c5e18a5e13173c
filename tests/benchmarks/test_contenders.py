from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import orjson
import pytest

from tests.benchmarks.bench_enrolment import SIGN_UP, main, parsed
from tests.benchmarks.contenders import GO_FLOOR, ROOT, checkout, worker_of
from tests.benchmarks.events import browsing, contacts, sign_up
from tests.support.programs import absent


def test_a_worker_of_another_tree_imports_that_trees_package(tmp_path: Path) -> None:
    (tmp_path / "consumer").mkdir()
    (tmp_path / "consumer" / "__init__.py").write_text("")
    (tmp_path / "consumer" / "__main__.py").write_text("print(__file__)")
    contender = worker_of(tmp_path, "old")
    done = subprocess.run(
        contender.command, env=dict(contender.variables), cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    )
    assert Path(done.stdout.strip()).is_relative_to(tmp_path)


def test_a_revision_is_checked_out_and_removed() -> None:
    with checkout("HEAD") as (name, tree):
        assert (tree / "consumer" / "__main__.py").exists()
    assert name
    assert not tree.exists()


def test_an_unknown_revision_is_an_error() -> None:
    with pytest.raises(subprocess.CalledProcessError), checkout("no-such-revision"):
        pass


def test_the_enrolment_script_prints_what_is_parsed(capsys: pytest.CaptureFixture[str]) -> None:
    main(20)
    costs = parsed(capsys.readouterr().out)
    assert len(costs) == 3
    assert costs[SIGN_UP] > 0


@pytest.mark.slow
def test_the_go_floor_sends_the_same_contacts_as_the_worker() -> None:
    """Else it would be no floor."""
    if shutil.which("go") is None:
        absent("go is not installed")
    subprocess.run(["make", "--silent", GO_FLOOR.relative_to(ROOT)], cwd=ROOT, check=True)
    events = [sign_up(number).value for number in range(200)] + [each.value for each in browsing(200)]
    done = subprocess.run([GO_FLOOR, "map"], input=b"\n".join(events), check=True, stdout=subprocess.PIPE)
    sent = [orjson.loads(line) for line in done.stdout.splitlines()]
    assert sent[:200] == contacts(200)
    assert len(sent) == 202
