"""Fetch and compile schemas from a Schema Registry (Confluent's API), decode framed values. Independent of Kafka."""
