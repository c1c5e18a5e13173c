"""`clicksend-consumer demo`: runs the complete pipeline on this machine, without configuration."""
