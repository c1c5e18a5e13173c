"""What the commands ask Kafka: cluster, group, partitions, records, checkpoints."""
