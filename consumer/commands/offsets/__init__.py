"""`clicksend-consumer offsets`: moves a stopped group's offsets, and undoes it."""
