"""The differences between a program and the profile that plays it, each with why it is one."""

from collections.abc import Mapping

KNOWN: Mapping[str, Mapping[str, str]] = {}
"""By profile and by what is shown (`ed25519 in TLSv1.3`)."""
