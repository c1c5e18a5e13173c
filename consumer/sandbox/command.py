"""`clicksend-consumer sandbox`: the stand-in in the foreground, until Ctrl-C or SIGTERM.

The command's options are the fields of `SandboxOptions`. Three of them are read from the command line:
`RateLimit.of("50/s")`, `read_script(path)` for the faults, and the enums by their values.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, TextIO

from consumer.sandbox.server import Sandbox

if TYPE_CHECKING:
    from consumer.sandbox.options import SandboxOptions

STOPS = frozenset({signal.SIGINT, signal.SIGTERM})


def run_sandbox(options: SandboxOptions, out: TextIO, talk: TextIO) -> int:
    """Serve until Ctrl-C or SIGTERM, and return the exit status. Call it from the main thread.

    out -- receives one line when it serves: the base URL, from which a script reads the port
    talk -- receives messages for the user
    Raises ConfigurationError if it can't start.
    """
    before = signal.pthread_sigmask(
        signal.SIG_BLOCK, STOPS
    )  # the server's thread inherits the mask, so this thread receives them
    try:
        with Sandbox(options) as sandbox:
            talk.write(introduction(sandbox))
            talk.flush()
            out.write(f"{sandbox.url}\n")
            out.flush()
            signal.sigwait(STOPS)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return 0


def introduction(sandbox: Sandbox) -> str:
    options = sandbox.options
    lines = [
        "A stand-in for ClickSend. Nothing here reaches ClickSend.",
        f"  Contacts                {sandbox.page_url}",
        f"  CLICKSEND_BASE_URL      {sandbox.url}",
        f"  CLICKSEND_USERNAME      {options.username}",
        f"  CLICKSEND_LIST_ID       {', '.join(str(list_id) for list_id in options.list_ids)}",
    ]
    if options.tls_ca_file is not None:
        lines.append(f"  CLICKSEND_CA_FILE       {options.tls_ca_file}")
    return "\n".join((*lines, "Ctrl-C stops it.", ""))
