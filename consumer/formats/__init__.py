"""Extract the JSON that enrolment reads from a record's value and headers: framing, gzip, CloudEvents. Pure."""
