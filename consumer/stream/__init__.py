"""The Kafka side: polling, lanes, ledgers, commits, dead letters."""
