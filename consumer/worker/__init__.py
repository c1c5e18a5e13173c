"""One member of the group: its threads, from start to drain. Knows Kafka and the event loop, not the settings."""
