"""A Schema Registry with Confluent's API: fetches schemas, compiles them, decodes framed values. Knows no Kafka."""
