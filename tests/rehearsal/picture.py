"""A load test as a picture: settled rate by worker, ready workers, lag and 429s over one time axis. Pure; SVG.

It brings its own background, in a light and a dark version, so it can be read on any page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tests.rehearsal.story import Story, total

WIDTH, HEIGHT = 960, 656
LEFT, RIGHT = 60, 944
ROW = 14  # of one worker
REFUSED_OVER = 10.0  # seconds: 429s come in bursts of one second

STYLE = """
svg { --card: #ffffff; --edge: #d0d7de; --ink: #1f2328; --dim: #59636e; --grid: #eaeef2; --band: #f6f8fa;
  --limit: #cf222e; --lag: #8250df; --refused: #bc4c00; --w0: #0a3069; --w1: #0969da; --w2: #54aeff; --w3: #b6e3ff }
@media (prefers-color-scheme: dark) { svg { --card: #0d1117; --edge: #30363d; --ink: #e6edf3; --dim: #9198a1;
  --grid: #21262d; --band: #161b22; --limit: #ff7b72; --lag: #bc8cff; --refused: #f0883e;
  --w0: #0c4a9e; --w1: #388bfd; --w2: #79c0ff; --w3: #cae8ff } }
text { font: 12px system-ui, -apple-system, 'Segoe UI', 'Noto Sans', 'DejaVu Sans', sans-serif; fill: var(--dim) }
.card { fill: var(--card); stroke: var(--edge) } .band { fill: var(--band) }
.title { font-weight: 600; font-size: 13px; fill: var(--ink) } .act { fill: var(--ink) } .end { text-anchor: end }
.mid { text-anchor: middle } .grid { stroke: var(--grid) } .base { stroke: var(--edge) }
.act-line { stroke: var(--edge); stroke-dasharray: 2 3 }
.limit { stroke: var(--limit); stroke-width: 1.5; stroke-dasharray: 6 4 }
text.limit { stroke: none; fill: var(--limit) }
.come { stroke: var(--ink); stroke-width: 1.2; stroke-dasharray: 1.5 3 }
text.come { stroke: none; fill: var(--ink) }
.halo { paint-order: stroke; stroke: var(--card) !important; stroke-width: 4px !important; stroke-linejoin: round;
  stroke-dasharray: none !important }
.w0 { fill: var(--w0) } .w1 { fill: var(--w1) } .w2 { fill: var(--w2) } .w3 { fill: var(--w3) }
.lag { fill: var(--lag); fill-opacity: 0.16; stroke: none }
.lag-line { fill: none; stroke: var(--lag); stroke-width: 2 }
.refused { fill: var(--refused) }
"""

Curve = Sequence[tuple[float, float]]
"""Seconds, and a value."""


@dataclass(frozen=True, slots=True)
class Panel:
    """The scale of seconds and values. top -- the value at the upper edge; last -- seconds at the right edge"""

    upper: float
    height: float
    top: float
    last: float

    def x(self, at: float) -> float:
        """Return the x position of a moment."""
        return LEFT + (RIGHT - LEFT) * at / self.last

    def y(self, value: float) -> float:
        """Return the y position of a value."""
        return self.upper + self.height * (1 - value / self.top)

    def path(self, curve: Iterable[tuple[float, float]]) -> str:
        """Return the path of a curve, for `d`."""
        return "M" + "L".join(f"{self.x(at):.1f} {self.y(value):.1f}" for at, value in curve)

    def area(self, upper: Curve, lower: Curve) -> str:
        """Return the path around the area between two curves, for `d`."""
        return self.path([*upper, *reversed(lower)]) + "Z"


def picture(story: Story) -> str:
    """The whole as an SVG document."""
    last = story.acts[-1].end
    most = max(story.setting.limit, story.setting.possible(1)) * 1.18
    rates = Panel(64, 220, most, last)
    lives = Panel(326, ROW * places(story), 1, last)
    lag = Panel(lives.upper + lives.height + 44, 100, nice(max(each.lag for each in story.samples)), last)
    refused = Panel(lag.upper + lag.height + 44, 60, nice(max(2.5, *(value for _, value in shares(story)))), last)
    parts = [
        *_acts(story, rates, refused),
        *_rates(story, rates),
        *_lives(story, lives),
        *_lag(story, lag),
        *_refused(story, refused),
        *_clock(refused),
    ]
    box = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    card = f'<rect class="card" x="0.5" y="0.5" width="{WIDTH - 1}" height="{HEIGHT - 1}" rx="8"/>'
    name = "Rehearsal of scaling: contacts settled a second, workers ready, lag, and answers 429, over time"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {box} role="img">\n<title>{name}</title>\n<style>{STYLE}</style>'
    return "\n".join([head, card, *parts, "</svg>"]) + "\n"


def stacked(story: Story) -> list[Curve]:
    """The curves of the settled rate: the first is zero, each next has one more place's workers below it."""
    moments = [(before.at + after.at) / 2 for before, after in pairwise(story.samples)]
    sums = [0.0] * len(moments)
    curves: list[Curve] = [list(zip(moments, sums, strict=True))]
    for place in range(places(story)):
        sums = [below + rate for below, rate in zip(sums, smooth(story.rates(place)), strict=True)]
        curves.append(list(zip(moments, sums, strict=True)))
    return curves


def smooth(values: Sequence[float]) -> list[float]:
    """Each with its two neighbours: the limit's window and our second are not in step."""
    return [sum(near) / len(near) for near in (values[max(0, n - 1) : n + 2] for n in range(len(values)))]


def shares(story: Story) -> Curve:
    """At each sample, the share of 429 among the answers of the last seconds, in percent."""
    curve = []
    for sample in story.samples:
        before = next(each for each in story.samples if each.at >= sample.at - REFUSED_OVER)
        answered = total(sample).answered - total(before).answered
        curve.append((sample.at, 100 * (total(sample).refused - total(before).refused) / max(1, answered)))
    return curve


def places(story: Story) -> int:
    """Return the largest number of concurrent workers."""
    return 1 + max(each.place for each in story.lives)


def nice(most: float) -> float:
    """The least round number that is no less."""
    power = 10.0 ** (len(str(int(most))) - 1)
    return next(step * power for step in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if step * power >= most)


def _acts(story: Story, first: Panel, last: Panel) -> Iterator[str]:
    """The names on top; a band where workers are replaced; a line where another act begins."""
    bottom = last.upper + last.height
    for act in story.acts:
        begin, end = first.x(act.begin), first.x(act.end)
        if act.replaces:
            size = f'y="12" width="{end - begin:.1f}" height="{bottom - 12:.1f}"'
            yield f'<rect class="band" x="{begin:.1f}" {size}/>'
        yield text((begin + end) / 2, 28, act.title, "act mid")
        if act.begin:
            yield line(begin, 12, begin, bottom, "act-line")


def _rates(story: Story, panel: Panel) -> Iterator[str]:
    yield text(LEFT, panel.upper - 10, "Contacts settled a second, one worker above the other", "title")
    yield from _scale(panel, range(0, int(panel.top), 100))
    curves = stacked(story)
    for place, (below, above) in enumerate(pairwise(curves)):
        yield f'<path class="w{place % 4}" d="{panel.area(above, below)}"/>'
    setting = story.setting
    yield line(LEFT, panel.y(setting.limit), RIGHT, panel.y(setting.limit), "limit")
    yield text(LEFT + 6, panel.y(setting.limit) - 6, f"ClickSend takes {setting.limit}", "limit halo")
    yield line(LEFT, panel.y(setting.arriving), RIGHT, panel.y(setting.arriving), "come")
    yield text(LEFT + 6, panel.y(setting.arriving) - 6, f"{setting.arriving} arrive", "come halo")


def _lives(story: Story, panel: Panel) -> Iterator[str]:
    yield text(LEFT, panel.upper - 8, "Workers that are ready", "title")
    for place in range(places(story)):
        yield text(LEFT - 8, panel.upper + ROW * place + 10, str(place + 1), "end")
    for life in story.lives:
        begin, end = panel.x(life.ready), panel.x(min(life.stopped, panel.last))
        where = f'x="{begin:.1f}" y="{panel.upper + ROW * life.place:.1f}" width="{end - begin:.1f}"'
        yield f'<rect class="w{life.place % 4}" {where} height="{ROW - 3}" rx="2"/>'


def _lag(story: Story, panel: Panel) -> Iterator[str]:
    yield text(LEFT, panel.upper - 10, "Lag: records that are not committed", "title")
    yield from _scale(panel, [0, panel.top / 2, panel.top])
    curve = [(each.at, float(each.lag)) for each in story.samples]
    yield f'<path class="lag" d="{panel.area(curve, [(at, 0.0) for at, _ in curve])}"/>'
    yield f'<path class="lag-line" d="{panel.path(curve)}"/>'


def _refused(story: Story, panel: Panel) -> Iterator[str]:
    yield text(LEFT, panel.upper - 10, f"Answers 429, % of the last {REFUSED_OVER:.0f} s", "title")
    yield from _scale(panel, [0, panel.top])
    curve = shares(story)
    yield f'<path class="refused" d="{panel.area(curve, [(at, 0.0) for at, _ in curve])}"/>'


def _clock(panel: Panel) -> Iterator[str]:
    """Minutes and seconds below the last panel."""
    bottom = panel.upper + panel.height
    for at in range(0, int(panel.last) + 1, 30):
        yield line(panel.x(at), bottom, panel.x(at), bottom + 4, "base")
        yield text(panel.x(at), bottom + 18, f"{at // 60}:{at % 60:02}", "mid")


def _scale(panel: Panel, values: Iterable[float]) -> Iterator[str]:
    for value in values:
        yield line(LEFT, panel.y(value), RIGHT, panel.y(value), "grid" if value else "base")
        yield text(LEFT - 8, panel.y(value) + 4, f"{value:,g}", "end")


def text(x: float, y: float, words: str, kind: str) -> str:
    """A line of text."""
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{words}</text>'


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """A straight line."""
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'
