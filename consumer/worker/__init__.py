"""One member of the group: its threads, from start to drain. Depends on Kafka, the event loop and the settings."""
