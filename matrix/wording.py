"""How text for people is put together: lists, numbers, reasons; text of peers made safe to print. Pure."""

from handshake.reason import Reason


def reason_in_words(reason: Reason, note: str = "") -> str:
    """Say a reason as a sentence, with the reason itself behind it and then the note on it."""
    return "; ".join(part for part in (f"{reason.sentence} ({reason})", note) if part)


def joined(words: list[str]) -> str:
    """Join words as in a sentence: a, b and c."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else "none"


def counted(number: int, noun: str) -> str:
    """Say how many: 1 cell, 2 cells."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def printable(text: str) -> str:
    """Escape everything a terminal or a page could take as more than text (control and bidirectional
    characters), and what is no text: a byte that is not UTF-8, as in a path, is said as `\\xff`.
    """
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    # A byte that is not UTF-8 stands for itself as a lone surrogate (PEP 383, os.fsdecode).
    if "\udc80" <= char <= "\udcff":
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char.encode("unicode_escape").decode("ascii")
