"""From a record's value and headers to the JSON that enrolment reads: framings, gzip, CloudEvents. Pure functions."""
