"""An alert that a server sends, as one word of a definition: "alert:<name>" for a fatal one,
"warning:<name>", or "none" where it sends nothing.
"""

from collections.abc import Mapping

from handshake.wire.messages import Alert
from handshake.wire.registry import AlertDescription, AlertLevel, alert_name, unknown_name

_LEVELS = {"alert": AlertLevel.FATAL, "warning": AlertLevel.WARNING}
_ALERTS = {alert_name(alert): int(alert) for alert in AlertDescription}


def parse_sent_alert(word: str) -> Alert | None:
    """Read the word; None sends nothing. Raises ValueError that says what to write."""
    level, _, name = word.partition(":")
    if word == "none":
        return None
    if level not in _LEVELS or not name:
        raise ValueError(f"unknown answer {word!r}: write alert:<name>, warning:<name> or none")
    if name not in _ALERTS:
        raise unknown_name("alert", name, list(_ALERTS))
    return Alert(_LEVELS[level], _ALERTS[name])


def with_todays_word(key: str, value: object) -> Mapping[str, object] | None:
    """A key whose value says "fatal:<name>", as a fatal alert was written once; None for any other value."""
    if not isinstance(value, str) or not value.startswith("fatal:"):
        return None
    return {key: f"alert:{value.removeprefix('fatal:')}"}
