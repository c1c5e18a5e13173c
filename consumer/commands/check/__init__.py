"""`clicksend-consumer check`: what a careful engineer would look at before the first start."""
