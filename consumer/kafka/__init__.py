"""librdkafka's clients, their properties, and what they tell of brokers and topics.

It knows nothing of tasks, deliveries and dead letters.
"""
