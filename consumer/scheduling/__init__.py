"""Which record is next, and which offset may be committed. No I/O, no clock: `now` is passed in."""
