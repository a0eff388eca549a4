"""What a stack does about what a server does wrong, where that is not what the RFCs say: values, and the text
that profiles write them as.

A fault has names, the most particular first (`handshake.errors.PeerFault`); the first of them that is known
here says what is done. Where none is, the engine does what the RFCs ask for.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from msgspec import Struct, field

from handshake.wire.registry import alert_name, parse_alert

GOES_ON = "goes-on"
CLOSES = "closes"
NOTATION = re.compile(
    r"goes-on|warning:(?P<warned>[a-z_0-9]+)"
    r"|(?:warning:(?P<warning>[a-z_0-9]+), )?(?:closes|alert:(?P<alert>[a-z_0-9]+))"
)
"""`goes-on` and `warning:<name>` go on, `closes` and `alert:<name>` end; a warning may come before these."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is done about a fault: go on, or end with a fatal alert, or (`alert` None) without one; `warning`
    is sent before. Both are descriptions of alerts (RFC 8446 section 6).
    """

    goes_on: bool = False
    alert: int | None = None
    warning: int | None = None

    def __str__(self) -> str:
        """As profiles write it."""
        ends = CLOSES if self.alert is None else f"alert:{alert_name(self.alert)}"
        if self.warning is None:
            return GOES_ON if self.goes_on else ends
        warned = f"warning:{alert_name(self.warning)}"
        return warned if self.goes_on else f"{warned}, {ends}"


class Accepts(Struct, frozen=True):
    """Answers by the names of faults."""

    answers: Mapping[str, Answer] = field(default_factory=dict)

    def answer(self, names: Iterable[str]) -> Answer | None:
        """What is done about the fault of these names; None where the RFCs are followed."""
        answers = self.answers
        for name in names:
            if name in answers:
                return answers[name]
        return None


def parse_answer(text: Any) -> Answer:
    """Read an answer. Raises ValueError, which says what would do."""
    if isinstance(text, str):
        return _parsed(text)
    raise _no_answer(text)


@lru_cache(maxsize=256)
def _parsed(text: str) -> Answer:
    """Cached: the same few answers stand in every file."""
    found = NOTATION.fullmatch(text)
    if found is None:
        raise _no_answer(text)
    warned, warning, alert = (
        None if name is None else parse_alert(name) for name in found.group("warned", "warning", "alert")
    )
    return Answer(text == GOES_ON or warned is not None, alert, warned or warning)


def _no_answer(value: Any) -> ValueError:
    return ValueError(
        f"{value!r} is no answer: write goes-on, closes or alert:<name>, a warning before it as in "
        '"warning:no_renegotiation, closes"'
    )
