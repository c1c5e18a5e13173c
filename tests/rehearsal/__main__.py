"""The rehearsal of scaling on a real Kafka: 1 to 4 workers against a limited sandbox, then a rolling restart."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.rehearsal.play import Times, play
from tests.rehearsal.story import Setting

SHORT = Times(alone=8, shared=12, after=8)


def main(arguments: Sequence[str]) -> int:
    """Rehearse, and print."""
    parser = argparse.ArgumentParser(prog="make rehearse", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a minute, to see whether it runs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="what was seen")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="rehearsal-") as folder:
        story = play(Setting(), SHORT if options.short else Times(), Path(folder), say)
    if options.json:
        options.json.write_bytes(story.saved())
    sys.stdout.write(story.table())
    return 0


def say(text: str) -> None:
    """What goes on."""
    sys.stderr.write(f"{text} ...\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
