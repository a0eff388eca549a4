"""What could be done about clients that fail: every remedy that is known, tried on every client."""
