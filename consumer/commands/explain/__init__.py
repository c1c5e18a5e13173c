"""`clicksend-consumer explain`: shows the outcome of events, and why. Sends nothing."""
