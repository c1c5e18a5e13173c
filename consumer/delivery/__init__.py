"""Decide when to send: retry policy, limiter, breaker, halt, and the gate over them. Pure: no I/O, no clock."""
