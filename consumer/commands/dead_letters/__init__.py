"""Dead letters as a person sees them: `dead-dead_letters list`, `show` and `redrive`."""
