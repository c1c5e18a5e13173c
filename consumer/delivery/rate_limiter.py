"""Limit the request rate: a configured limit, and one learnt from ClickSend's 429 responses."""

from __future__ import annotations

import math

CATCH_UP = 0.05  # seconds: a request at most this late keeps its slot; unused quota does not accumulate beyond it
SHORTEST_HOLD, LONGEST_HOLD = 0.01, 1.0  # seconds between requests while every response is a 429
LEARNT_FROM = 10.0  # seconds before the first 429; at most twice that
LOWEST_RATE = 0.1  # requests per second; a lower rate would look like a hang
DEEPEST_CUT = 1 / 16

APPROACH = 3.0  # seconds: time constant of the approach from the cut to the target
FIRST_PROBE, PROBE = 0.05, 0.005  # share above the target that is tried after a period; then it doubles
PERIOD = 60.0  # quiet seconds before a higher rate is tried: a 429 with Retry-After costs one second, so 2 %
FIRST_PERIOD = 20.0  # after the first 429s, when little is known
FAST_DOUBLING, DOUBLING = 1.0, 6.0  # seconds: while the limit may be far higher, and otherwise

FIRST_MARGIN, SMALLEST_MARGIN, LARGEST_MARGIN = 0.02, 0.005, 0.03  # share of the learnt rate below which to stay
SUSTAINED = 1.0  # seconds without a 429 after which a rate counts as sustained
EARLY = 1.5  # seconds: after a 429 this soon, the last cut was too small
EARLY_CUT, DEEPEST_EARLY_CUT = 0.95, 0.5


class RateLimiter:
    """Pace requests at a rate that tracks an unknown limit: cut it at a 429, raise it with quiet time.

    `limit` is requests per second, 0 for none. It is a ceiling: at most `limit * (t + CATCH_UP) + 1` requests are sent
    in any t seconds. Without one, requests are unlimited until the first 429. The first rate is the number accepted in
    the ten or twenty seconds before it, divided by the time until requests are accepted again.

    - A 429 begins a refusal. It ends when a request sent after it is accepted. During a refusal requests are sent one
      at a time, with a gap that doubles up to LONGEST_HOLD, so a storm of 429s costs one request a second. The rate
      accepted is measured from the end of one refusal to the end of the next. That is one cut per round trip; requests
      already in flight do not count.
    - The rate then rises concavely from the last sustained rate to a target just below the refused one, stays there for
      a period, and then rises in doubling steps until the next 429. This is the shape of CUBIC (RFC 9438, 4.1: concave,
      plateau, convex) with exponentials. They are scale-free: a limit of 5 a second is found like one of 500.
    - After a 429 soon after a cut, the next cut is deeper. Large cuts and small increases make workers that share a
      limit converge without coordination (AIMD: Chiu and Jain, "Analysis of the Increase and Decrease Algorithms",
      1989). Their sum converges within seconds; their shares stay unequal for minutes.
    - The margin below a refused rate doubles after a 429 within the period and halves after one later: it adapts to
      bursty traffic.
    - The learnt rate scales with the number of partitions owned (`set_owned_partitions`). A worker that loses a third
      of them lowers its rate by a third, and the worker that gains them raises its own. Otherwise the shares would
      stay wrong, and the limit unused, for minutes.

    Only answers to requests that were paced count as quiet time, so an idle hour changes nothing. After a storm the
    rate restarts from a sixteenth or more and recovers within half a minute. A doubled limit is found in two minutes:
    a period, then eight doublings.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit or math.inf
        self.rate = self._limit  # requests per second; infinite: not limited
        # Pacing.
        self._gap = 1 / self._limit  # seconds between two requests
        self.next_at = -math.inf  # monotonic seconds: when the next request may be sent
        self._waited = False  # the last request was paced
        # Knowledge of the sink.
        self._learning = self._limit == math.inf  # no 429 yet, and no limit to start from
        self._taken = self._taken_before = 0  # while learning: accepted since `_begun_at`, and in the 10 s before
        self._begun_at = -math.inf  # when the first request accepted after the last refusal was sent
        self._believed = self._seen = self._limit  # the last sustained rate, and the candidate to replace it
        self._seen_quiet = 0.0
        self._partitions = 0  # owned when the rate was learnt
        # The rise since the last cut.
        self._start = self._target = self._limit
        self._quiet = 0.0  # seconds since the cut in which requests were sent at the rate and accepted
        self._period = 0.0  # 0: the limit may be far higher, raise at once
        self._margin = FIRST_MARGIN
        self._early_cut = EARLY_CUT
        self._cut_at = -math.inf
        # The refusal.
        self._refused_at = math.inf  # when its first 429 came; infinite: none
        self._first_refused = self._last_refused = -math.inf  # when these requests were sent
        self._hold = 0.0

    @property
    def refused(self) -> bool:
        """Return whether no request was accepted since the last 429."""
        return self._refused_at < math.inf

    def set_owned_partitions(self, partitions: int) -> None:
        """Scale the learnt rate to the number of partitions owned. Without partitions it is kept for the next ones."""
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
            self.rate = min(self.rate * factor, self._limit)  # the gap of the refusal stays

    def ready_at(self, now: float) -> float:
        """Return when the next request may be sent: `now` or later, in monotonic seconds."""
        return max(now, self.next_at)

    def spend(self, now: float) -> None:
        """Count one request that is sent now."""
        if not self._gap:
            return
        self._waited = now - self.next_at < CATCH_UP
        if self._waited:
            self.next_at += self._gap
        else:
            self.next_at = now + self._gap
            self._quiet = min(self._quiet, max(self._period, self._quiet - 1.0))  # low traffic proves little

    def answered(self, sent_at: float, now: float) -> None:
        """Note that a request sent at `sent_at` was accepted."""
        if self._learning:
            self._count(sent_at)
        if self._refused_at < math.inf:
            if sent_at >= self._refused_at:
                self._resume(sent_at, now)
        elif self.rate < self._limit and self._waited and sent_at >= self._cut_at:
            self._rise()

    def throttled(self, sent_at: float, now: float) -> None:
        """Note that a request sent at `sent_at` was answered 429."""
        if sent_at < self._cut_at:
            return
        if self._refused_at == math.inf:
            self._refused_at = now
            self._first_refused = self._last_refused = sent_at
            if self.rate == math.inf:
                self.rate = max(self._taken + self._taken_before, 1.0)  # an estimate until the refusal ends
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
        """End a refusal: a request sent during it was accepted."""
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
        """Estimate the first rate: requests accepted, over the time until requests were accepted again."""
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
        """Choose the next rate and target, between the sustained rate and the refused one."""
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
        """Return for how long the sink may have accepted again, undetected: Retry-After is rounded up to seconds."""
        return min(sent_at - self._last_refused, LONGEST_HOLD + self._refused_at - self._first_refused)

    def _pace_probes(self, low: float, *, early: bool) -> None:
        """Set the period before the next increase and the margin below the limit."""
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
