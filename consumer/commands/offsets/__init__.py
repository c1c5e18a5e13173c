"""`clicksend-consumer offsets`: moves a group that stands still, and takes it back."""
