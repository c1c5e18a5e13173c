"""The event debugger: the outcomes of the last records, at `/` of the monitor. Identities are masked before storage."""
