"""What an operator runs, a package or a file for each command."""
