"""How a server says no, as one word of a definition: "warning:<alert>", "fatal:<alert>" or "none"."""

from handshake.wire.messages import Alert
from handshake.wire.registry import AlertDescription, AlertLevel, alert_name, unknown_name

_LEVELS = {level.name.lower(): level for level in AlertLevel}
_ALERTS = {alert_name(alert): int(alert) for alert in AlertDescription}


def parse_refusal(word: str) -> Alert | None:
    """Read the word; None sends nothing. Raises ValueError that says what to write."""
    level, _, name = word.partition(":")
    if word == "none":
        return None
    if level not in _LEVELS or not name:
        raise ValueError(f"unknown refusal {word!r}: write warning:<alert>, fatal:<alert> or none")
    if name not in _ALERTS:
        raise unknown_name("alert", name, list(_ALERTS))
    return Alert(_LEVELS[level], _ALERTS[name])
