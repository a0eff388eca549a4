"""The words of a profile's `after`: which failures of the attempt before lead to the next one.

"close_notify", "fin", "reset", "timeout", "alert:<RFC name>", "alert:<number>", "alert:<first>-<last>" (all
numbers of the range), "protocol-error:<what>" with a value of `handshake.errors.Fault`. The alert
close_notify is a cause of its own; "alert:close_notify" stands for it too, as it did before.
"""

import re

from handshake.errors import Fault
from handshake.wire.registry import AlertDescription, alert_name

CLOSE_NOTIFY = "close_notify"
PLAIN_CAUSES = (CLOSE_NOTIFY, "fin", "reset", "timeout")
TRIGGER_PATTERN = (
    r"^(close_notify|fin|reset|timeout|alert:([0-9]{1,3}(-[0-9]{1,3})?|[a-z_]+)|protocol-error:[a-z-]+)$"
)

_ALERT_CODES = {alert_name(member): int(member) for member in AlertDescription}
_FAULTS = frozenset(fault.value for fault in Fault)


def causes_of(trigger: str) -> frozenset[str]:
    """Return the failure causes one word of `after` stands for. Raises ValueError: what may be written."""
    kind, _, what = trigger.partition(":")
    if trigger in PLAIN_CAUSES:
        return frozenset({trigger})
    if kind == "alert" and what:
        codes = _alert_codes(what)
        closure = {CLOSE_NOTIFY} if AlertDescription.CLOSE_NOTIFY in codes else set()
        return frozenset(f"alert-{alert_name(code)}" for code in codes) | closure
    if kind == "protocol-error" and what in _FAULTS:
        return frozenset({f"protocol-error-{what}"})
    if kind == "protocol-error":
        raise ValueError(f"unknown protocol error {what!r}: write one of {', '.join(sorted(_FAULTS))}")
    raise ValueError(
        f"unknown failure {trigger!r}: write close_notify, fin, reset, timeout, alert:<name>, "
        "alert:<number>, alert:<first>-<last> or protocol-error:<what>"
    )


def _alert_codes(text: str) -> range:
    if text in _ALERT_CODES:
        return range(_ALERT_CODES[text], _ALERT_CODES[text] + 1)
    numbers = re.fullmatch(r"(\d{1,3})(?:-(\d{1,3}))?", text)
    if numbers is None:
        raise ValueError(f"unknown alert {text!r}: write its name as in RFC 8446 section 6 or its number")
    first, last = int(numbers[1]), int(numbers[2] or numbers[1])
    if not first <= last <= 255:
        raise ValueError(f"alert numbers {text!r}: write 0 to 255, the smaller one first")
    return range(first, last + 1)
