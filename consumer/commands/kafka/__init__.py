"""Kafka access for commands: cluster, group, partitions, records, checkpoints."""
