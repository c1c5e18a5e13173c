"""Load test on a real Kafka: 1 to 4 workers against a limited sandbox, then a rolling restart.

Without options it takes five and a half minutes and prints its table.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.figures import shown
from tests.rehearsal.picture import picture
from tests.rehearsal.play import Times, play
from tests.rehearsal.story import Setting, Story, load

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "deploy" / "SIZING.md"
DATA, PICTURE = ROOT / ".github" / "scaling.json", ROOT / ".github" / "scaling.svg"
SHORT = Times(alone=8, shared=12, after=8)


def main(arguments: Sequence[str]) -> int:
    """Rehearse, or read what was seen before, and show it."""
    parser = argparse.ArgumentParser(prog="make rehearse", description=__doc__)
    parser.add_argument(
        "--keep", action="store_true", help="renew the table in deploy/SIZING.md, the picture and their data"
    )
    parser.add_argument("--redraw", action="store_true", help="renew table and picture from the data; nothing is run")
    parser.add_argument("--short", action="store_true", help="a minute and a half, to see whether it runs")
    options = parser.parse_args(arguments)
    story = load(DATA.read_bytes()) if options.redraw else rehearsed(SHORT if options.short else Times())
    if options.keep or options.redraw:
        keep(story)
    sys.stdout.write(story.table())
    return 0


def rehearsed(times: Times) -> Story:
    """Run the load test on this machine."""
    with tempfile.TemporaryDirectory(prefix="rehearsal-") as folder:
        return play(Setting(), times, Path(folder), lambda what: sys.stderr.write(f"{what} ...\n"))


def keep(story: Story) -> None:
    """Write data, picture, and the table on the page about sizing."""
    DATA.write_bytes(story.saved())
    PICTURE.write_text(picture(story), "utf-8")
    PAGE.write_text(shown(PAGE.read_text("utf-8"), "rehearsal", story.table()), "utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
