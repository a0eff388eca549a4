"""Fuzzers of all that reads what others have made (`python -m bench.fuzz`)."""
