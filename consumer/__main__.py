"""`python -m consumer` is `clicksend-consumer`."""

import gc
import os
import signal
import sys

arguments = sys.argv[1:]
if arguments[:1] == ["run"]:
    gc.disable()  # until the worker is built: none of it is garbage, and collections take time
    # Until the worker handles them: the kernel drops a signal to process 1 that has no handler (pid_namespaces(7)), and
    # the container would be killed at the end of its grace period, with its partitions still assigned.
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda number, _: os._exit(128 + number))

if arguments == ["run"]:  # nothing to parse: typer would take a tenth of the start
    from consumer.commands.ending import run_and_exit
    from consumer.commands.start import start

    run_and_exit(start)
else:
    from consumer.cli import main

    main()
