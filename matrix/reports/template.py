"""Pages made from templates beside this module, with everything from peers and definitions escaped."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from handshake.reason import Reason
from matrix.wording import printable

_BREAKABLE = re.compile(r"([@,:/=_-]+)")

_VALUES_A_PIECE = 1000


def template_pieces(name: str, content: Mapping[str, Any]) -> Iterator[str]:
    """Give the page that the template `name` makes of the content, in pieces; a value is in one of them."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_finalized,
    )
    environment.filters["breakable"] = breakable
    # In pieces of many values each: as one list the values take many times the room of the page.
    pieces = environment.get_template(name).stream(**content)
    pieces.enable_buffering(_VALUES_A_PIECE)
    yield from pieces


def breakable(text: object) -> Markup:
    """Let a name or a reason be broken behind its punctuation, and nowhere else."""
    parts = _BREAKABLE.split(printable(str(text)))
    return Markup("").join(  # nosec: every part is escaped
        escape(part) + (Markup("<wbr>") if number % 2 else "") for number, part in enumerate(parts)
    )


def _finalized(value: object) -> object:
    """Text of peers made safe; what is marked as HTML already is left alone."""
    is_text = type(value) is str or isinstance(value, Reason)
    return printable(str(value)) if is_text else value
