"""`clicksend-consumer lag`: how far behind the group is."""
