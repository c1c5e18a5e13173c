"""Shared parts of the sandbox's page and the event debugger: styles, scripts, and host checks."""
