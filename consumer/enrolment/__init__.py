"""Turn a record's bytes into a contact. Pure functions, independent of Kafka and HTTP."""
