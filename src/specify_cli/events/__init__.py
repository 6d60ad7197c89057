"""Event envelopes as they go on the wire, and what must never go into a log."""
