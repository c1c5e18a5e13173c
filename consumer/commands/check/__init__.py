"""`clicksend-consumer check`: checks everything that a worker needs before its first start."""
