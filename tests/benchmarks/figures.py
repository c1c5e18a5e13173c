"""The figures of a run, each with its baseline if there is one; as a table or as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

Key = tuple[str, str, str]  # case, name, against


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value.

    baseline -- what the same run measured, or computed, to hold it against
    against  -- what that is, in a word or two
    """

    case: str
    name: str
    value: float
    unit: str = ""
    baseline: float | None = None
    against: str = ""

    @property
    def key(self) -> Key:
        """Return the figure's unique key within a run."""
        return self.case, self.name, self.against

    @property
    def ratio(self) -> float | None:
        """The value for each unit of the baseline."""
        return self.value / self.baseline if self.baseline else None


def without_repeats(figures: Iterable[Figure]) -> list[Figure]:
    """Leave out a value that stands alone where another row has it beside a baseline."""
    rows = list(figures)
    compared = {(each.case, each.name) for each in rows if each.baseline is not None}
    return [each for each in rows if each.baseline is not None or (each.case, each.name) not in compared]


def table(figures: Iterable[Figure], machine: Mapping[str, str]) -> str:
    """For people."""
    lines = ["   ".join(f"{name} {value}" for name, value in machine.items())]
    lines.append(_line("case", "figure", "value", "", "baseline", "ratio", ""))
    for each in figures:
        baseline = "" if each.baseline is None else _number(each.baseline)
        ratio = "" if each.ratio is None else f"{each.ratio:.2f}"
        lines.append(_line(each.case, each.name, _number(each.value), each.unit, baseline, ratio, each.against))
    return "\n".join(lines)


def shown(page: str, mark: str, text: str) -> str:
    """Return a page with this text, whole lines, between the two comments that bear the mark."""
    before, begin, rest = page.partition(f"<!-- {mark}:begin -->\n")
    _, end, after = rest.partition(f"<!-- {mark}:end -->\n")
    return f"{before}{begin}{text}{end}{after}"


def save(path: Path, figures: Iterable[Figure], machine: Mapping[str, str]) -> None:
    """For `compare`, and for other programs."""
    rows = [{**asdict(each), "ratio": each.ratio} for each in figures]
    path.write_bytes(orjson.dumps({"machine": machine, "figures": rows}, option=orjson.OPT_INDENT_2))


def load(path: Path) -> dict[Key, Figure]:
    """Load the figures written by `save`."""
    rows = orjson.loads(path.read_bytes())["figures"]
    figures = [Figure(**{name: value for name, value in row.items() if name != "ratio"}) for row in rows]
    return {each.key: each for each in figures}


def compare(before: Path, after: Path) -> str:
    """Two runs side by side: the values, how the second stands to the first, and both ratios to their own baselines."""
    one, other = load(before), load(after)
    lines = [f"{'case':14}{'figure':32}{'against':17}{'A':>12}{'B':>12}{'B/A':>8}{'A/base':>9}{'B/base':>9}"]
    for key in [key for key in one if key in other]:
        a, b = one[key], other[key]
        change = f"{b.value / a.value:.2f}" if a.value else ""
        ratios = ("" if each.ratio is None else f"{each.ratio:.2f}" for each in (a, b))
        lines.append(
            f"{a.case:14}{a.name:32}{a.against:17}{_number(a.value):>12}{_number(b.value):>12}{change:>8}"
            + "".join(f"{ratio:>9}" for ratio in ratios)
        )
    return "\n".join(lines)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.2f}"


def _line(case: str, name: str, value: str, unit: str, baseline: str, ratio: str, against: str) -> str:
    return f"{case:14}{name:32}{value:>12} {unit:8}{baseline:>12}{ratio:>8}  {against}".rstrip()
