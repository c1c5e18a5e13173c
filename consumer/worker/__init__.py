"""One member of the group: its threads, from start to drain. Knows Kafka, the event loop and the settings."""
