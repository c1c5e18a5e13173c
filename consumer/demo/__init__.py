"""`clicksend-consumer demo`: the worker at work on this machine, with nothing to configure."""
