"""The event debugger: what became of the last records, at `/` of the monitor, for an operator with a question.

It knows records as the journal tells of them, and masks what could name a person before it keeps anything.
"""
