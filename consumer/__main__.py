"""`python -m consumer` is `clicksend-consumer`."""

from consumer.cli import main

main()
