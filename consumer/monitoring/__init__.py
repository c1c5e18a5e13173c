"""What a worker shows of itself: metrics, health, the monitor's pages, log lines.

It reads the scheduler and the gate, and decides nothing.
"""
