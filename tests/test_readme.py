from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from consumer.cli import app
from consumer.settings.model import SECTIONS
from consumer.settings.readme import renewed, table

README = Path(__file__).parent.parent / "README.md"


def test_the_readme_has_the_table_of_settings_as_the_model_has_it() -> None:
    text = README.read_text("utf-8")
    assert table() in text
    assert renewed(text) == text, "make readme"


def test_the_table_has_every_setting_and_no_cell_is_broken() -> None:
    lines = table().splitlines()
    assert len(lines) == 2 + sum(len(section.model_fields) for section in SECTIONS.values())
    assert all(line.count("|") == 4 for line in lines)


def test_what_stands_around_the_table_is_left_alone() -> None:
    text = "before\n<!-- settings:begin -->\nold\n<!-- settings:end -->\nafter\n"
    assert renewed(text) == f"before\n<!-- settings:begin -->\n{table()}<!-- settings:end -->\nafter\n"


EXAMPLES = re.findall(r"^\$ clicksend-consumer (sizing .*)\n((?:[^$`].*\n)+)", README.read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize(("command", "output"), EXAMPLES, ids=[command for command, _ in EXAMPLES])
def test_the_sizes_in_the_readme_are_what_the_command_says(command: str, output: str) -> None:
    assert CliRunner().invoke(app, command.split()).output == output
