"""Dead letters as a person sees them: `dead-letters list`, `show` and `redrive`."""
