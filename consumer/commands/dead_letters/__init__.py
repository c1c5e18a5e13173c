"""The commands `dead-letters list`, `show` and `redrive`."""
