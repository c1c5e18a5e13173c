"""Choose the next record and the committable offset. No I/O, no clock: `now` is passed in."""
