"""librdkafka's clients, their properties, and the state of brokers and topics. Independent of tasks and deliveries."""
