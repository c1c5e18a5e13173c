"""The dead letter: its format, its topic, and the producer that writes it.

It knows nothing of the reasons why a record becomes one.
"""
