"""How many requests a second may go out: a fixed limit of ours, and what ClickSend's 429s teach."""

from __future__ import annotations

import math

CATCH_UP = 0.05  # seconds: a request that goes out so late after its turn is made up for; idle time is not
WAKE = 0.01  # seconds: who waits for its turn wakes a little late, and is held back all the same
SHORTEST_HOLD, LONGEST_HOLD = 0.01, 1.0  # seconds between requests while every answer is a 429
LEARNT_FROM = 10.0  # seconds before the first 429, twice that at most
LOWEST_RATE = 0.1  # requests per second; below it a worker would look dead
DEEPEST_CUT = 1 / 16

APPROACH = 3.0  # seconds: time constant of the way from the cut to the target
FIRST_PROBE, PROBE = 0.05, 0.005  # share above the target that is tried when a period is over; then it doubles
PERIOD = 60.0  # quiet seconds before more is tried: a 429 with Retry-After costs one second, so 2 %
FIRST_PERIOD = 20.0  # after the first 429s, for then much is unknown
FAST_DOUBLING, DOUBLING = 1.0, 6.0  # seconds: while the limit may be far above, and else

FIRST_MARGIN, SMALLEST_MARGIN, LARGEST_MARGIN = 0.02, 0.005, 0.03  # share that the target stays below what was learnt
SUSTAINED = 1.0  # seconds: a rate that went well for so long is believed
EARLY = 1.5  # seconds: a 429 so soon after a cut says that the cut was too small
EARLY_CUT, DEEPEST_EARLY_CUT = 0.95, 0.5


class Limiter:
    """Paced requests, at a rate that follows a limit nobody tells: cut at a 429, raised with quiet time.

    `limit` is requests per second, 0 for no fixed limit. A fixed limit is a ceiling: in any t seconds at most
    `limit * (t + CATCH_UP) + 1` requests go out. Without one, nothing is held back until the first 429; then the base
    is what was taken in the ten or twenty seconds before, over the time until requests were taken again.

    - A 429 begins a refusal. Until a request is taken that went out after it, requests go out singly, the gap between
      them doubling up to LONGEST_HOLD: a storm of 429s costs one request a second, and what the sink has really let
      through is measured against the whole time from one such end to the next. That is one cut for each round trip:
      requests that were under way meanwhile say nothing about the new rate.
    - The rate then goes concavely from what was last sustained towards a target just below what was refused, stays
      there for a period, and tries more, doubling what it adds, until the next 429. It is the shape of CUBIC (RFC 9438,
      4.1: concave, plateau, convex), with exponentials: they need no scale, a limit of 5 a second is found like one
      of 500.
    - A 429 soon after a cut: the limit has fallen, cut deeper each time. Large cuts and small steps up make workers
      that share a limit converge without talking (AIMD: Chiu and Jain, "Analysis of the Increase and Decrease
      Algorithms", 1989). Their sum does so within seconds, their shares stay unequal for minutes.
    - The margin below a refused rate doubles when a 429 comes before its period is over, and halves when it does not:
      it learns how unevenly requests arrive.

    - What was learnt belongs to the partitions that were owned meanwhile, and changes with their number (`own`). Who
      gives a third of them up to a new worker leaves it a third of the rate, too, and whoever takes them over from one
      that ends goes on at both rates. Else shares would stay for minutes as they were, and the limit unused.

    Only answers to requests that had to wait for their turn count as quiet time. So an idle hour changes nothing:
    afterwards requests go out at the rate from before. After a storm it starts from a sixteenth at least, and is back
    within half a minute. A limit that has doubled is found in two minutes: a period, then eight doublings.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit or math.inf
        self.rate = self._limit  # requests per second; infinite: not limited
        # Turns.
        self._gap = 1 / self._limit  # seconds between two requests
        self.next_at = -math.inf  # monotonic seconds: when the next request may go out
        self._waited = False  # the last request had to wait for its turn
        # What is known of the sink.
        self._learning = self._limit == math.inf  # no 429 yet, and no limit to start from
        self._taken = self._taken_before = 0  # while learning: since `_begun_at`, and in the ten seconds before
        self._begun_at = -math.inf  # when the request went out with which the sink began to take again
        self._believed = self._seen = self._limit  # the rate of one to two seconds ago, and the one to be believed next
        self._seen_quiet = 0.0
        self._partitions = 0  # that it belongs to
        # The way up since the last cut.
        self._start = self._target = self._limit
        self._quiet = 0.0  # seconds since the cut in which requests went out at the rate and were taken
        self._period = 0.0  # 0: the limit may be far above, try more at once
        self._margin = FIRST_MARGIN
        self._early_cut = EARLY_CUT
        self._cut_at = -math.inf
        # The refusal.
        self._refused_at = math.inf  # when its first 429 came; infinite: none
        self._first_refused = self._last_refused = -math.inf  # when these requests went out
        self._hold = 0.0

    @property
    def refused(self) -> bool:
        """Whether no request has been taken since the last 429s."""
        return self._refused_at < math.inf

    def own(self, partitions: int) -> None:
        """The worker owns so many partitions now. While it owns none, what was learnt is kept for when it does."""
        if not partitions:
            return
        factor = partitions / (self._partitions or partitions)
        self._partitions = partitions
        if factor == 1 or self._cut_at == -math.inf:  # nothing learnt yet
            return
        self._believed, self._seen = self._believed * factor, self._seen * factor
        self._start, self._target = self._start * factor, self._target * factor
        if self._refused_at == math.inf:
            self._set(self.rate * factor)
        else:
            self.rate = min(self.rate * factor, self._limit)  # requests go out singly meanwhile

    def ready_at(self, now: float) -> float:
        """When the next request may go out: `now` or later, in monotonic seconds."""
        return max(now, self.next_at)

    def paces(self, now: float) -> bool:
        """Whether the rate is what holds requests back."""
        return now < self.next_at + WAKE

    def spend(self, now: float) -> None:
        """One request goes out now."""
        if not self._gap:
            return
        self._waited = now - self.next_at < CATCH_UP
        if self._waited:
            self.next_at += self._gap
        else:
            self.next_at = now + self._gap
            self._quiet = min(self._quiet, max(self._period, self._quiet - 1.0))  # who has little to send learns little

    def answered(self, sent_at: float, now: float) -> None:
        """A request that was sent at `sent_at` was taken."""
        if self._learning:
            self._count(sent_at)
        if self._refused_at < math.inf:
            if sent_at >= self._refused_at:
                self._resume(sent_at, now)
        elif self.rate < self._limit and self._waited and sent_at >= self._cut_at:
            self._rise()

    def throttled(self, sent_at: float, now: float) -> None:
        """A request that was sent at `sent_at` was answered 429."""
        if sent_at < self._cut_at:
            return
        if self._refused_at == math.inf:
            self._refused_at = now
            self._first_refused = self._last_refused = sent_at
            if self.rate == math.inf:
                self.rate = max(self._taken + self._taken_before, 1.0)  # until the end of the refusal says more
            self._hold = max(1.5 / min(self._believed, self.rate), SHORTEST_HOLD)
        elif sent_at >= self._refused_at:
            self._hold = max(min(2 * self._hold, LONGEST_HOLD), 1 / self._limit)
        self._last_refused = max(self._last_refused, sent_at)
        self._gap = self._hold
        self.next_at = max(self.next_at, now + self._gap)

    def _count(self, sent_at: float) -> None:
        passed = sent_at - self._begun_at
        if passed >= LEARNT_FROM and self._refused_at == math.inf:
            self._taken_before = self._taken if passed < 2 * LEARNT_FROM else 0
            self._taken, self._begun_at = 0, sent_at
        self._taken += 1

    def _resume(self, sent_at: float, now: float) -> None:
        """A request that was sent during the refusal was taken: the sink takes again."""
        if self._learning:
            self._learn(sent_at)
        else:
            self._cut(sent_at)
        self._set(self._start)
        self._believed = self._seen = self.rate
        self._seen_quiet = self._quiet = 0.0
        self._refused_at = math.inf
        self._begun_at, self._cut_at = sent_at, now
        self.next_at = min(self.next_at, now + self._gap)

    def _learn(self, sent_at: float) -> None:
        """The first estimate: what was taken, over the time until it was taken again."""
        begun_at = min(self._begun_at, self._first_refused) if self._taken else self._first_refused
        whole = max(sent_at - begun_at, SHORTEST_HOLD) + (LEARNT_FROM if self._taken_before else 0.0)
        taken = self._taken + self._taken_before
        unknown = self._unknown(sent_at)
        self._start = self._target = max(taken / whole, LOWEST_RATE)
        if sent_at - self._first_refused > 0.5 * whole > 2 * unknown:  # a whole window was seen, no shorter than this
            self._period = FIRST_PERIOD
            self._start = max(taken / (whole - unknown / 2) * (1 - FIRST_MARGIN), LOWEST_RATE)
            self._target = max(taken / (whole - unknown) * (1 - FIRST_MARGIN), LOWEST_RATE)
        self._learning = False

    def _cut(self, sent_at: float) -> None:
        """Choose where to go on, and the target, between what went well and what was refused."""
        open_for = min(max(self._first_refused - self._begun_at, SHORTEST_HOLD), 1e9)  # with a fixed limit: ever
        longest = open_for + sent_at - self._first_refused  # the sink's window was at most so long
        shortest = max(longest - self._unknown(sent_at), open_for)
        high = self.rate * max(open_for / shortest, DEEPEST_CUT)
        early = self._quiet < EARLY
        if early:
            low = max(self.rate * open_for / math.sqrt(longest * shortest), self._believed * self._early_cut)
        else:
            low = self._believed
        low = min(low, high)
        self._pace_probes(low, early=early)
        between = 0.5 if early or high < 1.1 * low else 2 / 3
        self._target = max(low * (high / low) ** between * (1 - self._margin), LOWEST_RATE)
        self._start = max(min(low, self._target), LOWEST_RATE)

    def _unknown(self, sent_at: float) -> float:
        """How long the sink may have been open again, unnoticed: Retry-After is in whole seconds, rounded up."""
        return min(sent_at - self._last_refused, LONGEST_HOLD + self._refused_at - self._first_refused)

    def _pace_probes(self, low: float, *, early: bool) -> None:
        """How soon to try more the next time, and how far to stay away from the limit."""
        self._early_cut = max(self._early_cut**2, DEEPEST_EARLY_CUT) if early else EARLY_CUT
        if self._period:
            grow = 2 if self._quiet < 0.9 * self._period else 0.5
            self._margin = min(max(self._margin * grow, SMALLEST_MARGIN), LARGEST_MARGIN)
        self._period = 0.0 if low < 0.5 * self._believed else PERIOD

    def _rise(self) -> None:
        self._quiet += self._gap
        if self._quiet - self._seen_quiet > SUSTAINED:
            self._believed, self._seen, self._seen_quiet = self._seen, self.rate, self._quiet
        missing = (self._target - self._start) * math.exp(-self._quiet / APPROACH)
        probe, doubling = (PROBE, DOUBLING) if self._period else (FIRST_PROBE, FAST_DOUBLING)
        self._set(self._target * (1 + probe * 2 ** ((self._quiet - self._period) / doubling)) - missing)

    def _set(self, rate: float) -> None:
        self.rate = min(rate, self._limit)
        self._gap = 1 / self.rate
