"""`python -m consumer` is `clicksend-consumer`."""

import os
import signal
import sys

if sys.argv[1:2] == ["run"]:
    # Until the worker handles it: the kernel drops a signal to process 1 that has no handler (pid_namespaces(7)), and
    # the container would be killed at the end of its grace period, with its partitions still assigned.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(128 + signal.SIGTERM))

from consumer.cli import main

main()
