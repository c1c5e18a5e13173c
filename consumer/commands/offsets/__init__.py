"""`clicksend-consumer offsets`: moves a stopped group, and takes it back."""
