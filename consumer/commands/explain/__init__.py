"""`clicksend-consumer explain`: what would become of events, and why. Sends nothing."""
