"""How text for people is put together: lists, numbers, reasons; text of peers made safe to print. Pure."""

from clients.destination import TUNNEL
from definitions.fault import printable as printable  # the one that every line about a file goes through
from handshake.reason import Breach, Reason


def reason_in_words(reason: Reason, note: str = "") -> str:
    """Say a reason as a sentence, with the reason itself behind it and then the note on it."""
    return "; ".join(part for part in (f"{reason.sentence} ({reason})", note) if part)


def advice_before_tls(reason: Reason, protocol: str) -> str:
    """What to do where a server answers the words of `protocol` and TLS cannot begin; empty where it gives no
    answer.
    """
    if reason.cause == Breach.STARTTLS_UNREADABLE.cause or reason.detail.unfinished:
        return f"check that the server speaks {protocol}"
    if reason.cause == Breach.STARTTLS_NOT_OFFERED.cause:
        return f"switch TLS on at the server, which speaks {protocol}"
    if reason.cause != Breach.STARTTLS_REFUSED.cause:
        return ""
    if protocol == TUNNEL:
        return "find out at the proxy why it does not make the connection (this program logs in at no proxy)"
    return f"find out at the server, which speaks {protocol}, why it refuses"


def joined(words: list[str]) -> str:
    """Join words as in a sentence: a, b and c."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else "none"


def counted(number: int, noun: str) -> str:
    """Say how many: 1 cell, 2 cells."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def bounded(text: str, most: int) -> str:
    """Make text safe to show and cut it behind `most` characters, saying how many there are more."""
    if len(text) <= most:
        return printable(text)
    return f"{printable(text[:most])}... ({len(text) - most} more characters)"
