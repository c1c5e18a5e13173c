"""The dead letter: its format, its topic, and its producer. Independent of why a record becomes one."""
