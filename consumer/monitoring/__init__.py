"""Observability: metrics, health, the monitor's pages, log lines. Reads scheduler and gate, and decides nothing."""
