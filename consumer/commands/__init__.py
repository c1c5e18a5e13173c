"""The commands that an operator runs, one package or file each."""
