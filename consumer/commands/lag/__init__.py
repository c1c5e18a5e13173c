"""`clicksend-consumer lag`: prints the lag of the group."""
