"""From a record's bytes to a contact: pure functions that know no Kafka and no HTTP."""
