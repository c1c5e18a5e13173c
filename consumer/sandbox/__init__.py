"""A stand-in for ClickSend, shared by the `sandbox` command, the demo, the tests and the benchmarks.

The path of a request: `server` (sockets, a thread) -> `handler` (one request) -> `app` (asks `faults`, then ClickSend's
routes over the `store`) -> `answers` (ClickSend's bodies) -> `wire` (how the answer is sent) -> `log` (what
happened, with times). `page` and `control` are for users and test programs, `script` reads the faults from a file.
"""
