"""Captures -> hellos -> profiles: what a client said on the wire, wherever somebody has kept it."""
