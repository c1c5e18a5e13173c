"""Renew changed output of the examples in the documents: `make examples`. Needs Java and Maven."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from consumer.sandbox.server import Sandbox
from tests.docs import documents
from tests.docs.comparing import ELLIPSIS, agrees
from tests.docs.documents import COMMANDS, SIZING, Example, examples, name
from tests.docs.world import ExampleWorld
from tests.kafka.apache import ApacheKafka


def main() -> int:
    """Write the documents, and return 1 where an example has to be changed by hand."""
    by_hand = renew(SIZING, of_sizes)
    with tempfile.TemporaryDirectory(prefix="examples-") as folder, Sandbox() as sandbox:
        (Path(folder) / "kafka").mkdir()
        kafka = ApacheKafka(Path(folder) / "kafka")
        kafka.begin()
        try:
            world = ExampleWorld(kafka, sandbox, Path(folder), documents.files(COMMANDS))
            by_hand += renew(COMMANDS, world.play) + renew(documents.SETTINGS, world.play)
        finally:
            kafka.kill()
    for example in by_hand:
        sys.stderr.write(f"{example}: it leaves lines out; change it by hand\n")
    return 1 if by_hand else 0


def of_sizes(command: str) -> str:
    """Return what a command that needs nothing prints. A load that never catches up ends it with 1."""
    words = [sys.executable, "-m", "consumer", *command.split()[1:]]
    return subprocess.run(words, check=False, stdout=subprocess.PIPE, text=True).stdout


def renew(document: Path, play: Callable[[str], str]) -> list[Example]:
    """Write the output that has changed; return the examples that leave lines out and no longer agree."""
    text, by_hand = document.read_text("utf-8"), []
    for example in examples(document):
        if example.output is None:
            continue
        printed = play(example.command)
        if agrees(example.output, printed):
            continue
        if ELLIPSIS in example.output:
            by_hand.append(example)
            continue
        sys.stdout.write(f"{name(document)}: {example.command}\n")
        text = text.replace(f"$ {example.command}\n{example.output}", f"$ {example.command}\n{printed}")
    document.write_text(text, "utf-8")
    return by_hand


if __name__ == "__main__":
    sys.exit(main())
