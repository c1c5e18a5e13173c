"""`replay`: a bounded range of the source topic once more, outside the live group."""
