"""The worker's Python threads share one interpreter, so they are kept on one core, where one is mostly free."""
