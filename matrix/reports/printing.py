"""Lines for a terminal: wrapped, cut off or left whole, with plain signs where it cannot show the others."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

_ASCII = str.maketrans({"✓": "+", "↓": "v", "✗": "x", "·": ".", "…": "~"})
_NARROWEST = 20


def print_section(console: Console, title: str, lines: Sequence[str], style: str) -> None:
    """Print a title with a line for each item; nothing where there is none."""
    if lines:
        console.print()
        print_line(console, title, style)
        for line in lines:
            print_line(console, line, prefix="- ")


def print_line(
    console: Console, text: str, style: str = "", *, prefix: str = "", is_cut: bool = False
) -> None:
    """Print one line. On a terminal it is cut off where that is wanted, else wrapped, and what is wrapped
    stands under its beginning; elsewhere it stays whole.
    """
    shown = Text(encodable(text, console), style=style)
    room = max(console.width - len(prefix), _NARROWEST)
    if not console.is_terminal:
        console.print(Text(prefix).append(shown), soft_wrap=True)
    elif is_cut:
        shown.truncate(room, overflow="ellipsis")
        shown.plain = encodable(shown.plain, console)
        console.print(Text(prefix).append(shown))
    else:
        for number, part in enumerate(shown.wrap(console, room)):
            console.print(Text(prefix if number == 0 else " " * len(prefix)).append(part))


def encodable(text: str, console: Console) -> str:
    """Use plain signs where the terminal cannot show the others."""
    return text if (console.encoding or "").lower().startswith("utf") else text.translate(_ASCII)
