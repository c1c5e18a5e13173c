"""When to send: retry policy, limiter, breaker, halt, and the gate that puts them together. Pure: no I/O, no clock."""
