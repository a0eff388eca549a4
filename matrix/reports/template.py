"""Pages made from templates beside this module, with everything from peers and definitions escaped."""

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket
from markupsafe import Markup, escape

from handshake.reason import Reason
from matrix.wording import printable

_BREAKABLE = re.compile(r"([@,:/=_-]+)")

_VALUES_A_PIECE = 1000
_COMPILED = Path(__file__).parent / "__pycache__"


class _Compiled(FileSystemBytecodeCache):
    """Keeps compiled templates where Python keeps compiled modules. Jinja compares a digest of a template's
    text; how it compiles follows from its own version and from this module, so both are in a file's name.
    Where the folder cannot be written nothing is said, as Python says nothing.
    """

    def __init__(self) -> None:
        made_by = f"{version('jinja2')}-{Path(__file__).stat().st_mtime_ns}"
        super().__init__(str(_COMPILED), f"%s-{made_by}.jinja")

    def dump_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            super().dump_bytecode(bucket)


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
        bytecode_cache=_Compiled() if _COMPILED.is_dir() and not sys.dont_write_bytecode else None,
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
