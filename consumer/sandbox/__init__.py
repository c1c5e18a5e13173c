"""A stand-in for ClickSend on this machine: the `sandbox` command, the demo, the tests and the benchmarks share it.

The way of a request: `server` (sockets, a thread) -> `handler` (one request) -> `app` (asks `faults`, then ClickSend's
routes over the `store`) -> `answers` (ClickSend's bodies) -> `wire` (how the answer travels, or doesn't) -> `log` (what
happened, with times). `page` and `control` are for people and test programs, `script` reads the faults from a file.
"""
