"""`replay`: delivers a bounded range of the source topic again, outside the live group."""
