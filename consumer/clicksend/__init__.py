"""The ClickSend API: one request per contact, its outcome as a value, and the probe."""
