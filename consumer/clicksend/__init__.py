"""The vendor: one request a contact, its answer as a value, and the probe."""
