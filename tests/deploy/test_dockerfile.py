"""What the Dockerfile promises, read from its text: tests/deploy/test_image.py builds it where Docker is."""

from __future__ import annotations

import re

import pytest

from tests.support.programs import DEPLOY

FILE = (DEPLOY / "Dockerfile").read_text("utf-8")
PREFIX = "org.opencontainers.image."
LABELS = dict(re.findall(rf'{re.escape(PREFIX)}([a-z.]+)="([^"]*)"', FILE))
ARGUMENTS = dict(re.findall(r"(?m)^ARG (\w+)=(.*)$", FILE))


def test_the_labels_are_those_of_the_oci_specification() -> None:
    assert set(LABELS) == {
        *("title", "description", "version", "revision", "created", "source", "url", "documentation", "base.name")
    }


@pytest.mark.parametrize("label", LABELS)
def test_a_label_has_a_value_without_any_argument_of_the_build(label: str) -> None:
    value = re.sub(r"\$\{(\w+)\}", lambda found: ARGUMENTS[found[1]], LABELS[label])
    assert value
    if label == "created":
        assert re.fullmatch(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", value)
    if label in ("source", "url", "documentation"):
        assert value.startswith("https://")


def test_nothing_runs_in_the_stage_that_is_of_the_targets_architecture() -> None:
    final = FILE.rpartition("\nFROM ")[2]
    assert final.startswith("--platform=linux/${ARCH} ")
    assert "\nRUN " not in final
