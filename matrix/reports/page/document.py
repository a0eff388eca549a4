"""A page as one file: template, style sheet, scripts and data, put together. Pure.

The page's policy allows this style and these scripts alone, by their digests, and no network. Data are no
script: they stand in the page as JSON, in which no sign of markup is left, and the scripts put them into the
page as text.
"""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from markupsafe import Markup
from msgspec import Struct

from matrix.reports.page.chunks import Chunk
from matrix.reports.template import template_pieces
from matrix.results.files import encoded

MOST_BYTES = 8_000_000
"""Of a whole page."""
_FOLDER = Path(__file__).parent
STYLE = (_FOLDER / "page.css").read_text(encoding="utf-8")
SCRIPTS = ("element", "sheet", "filters", "address", "grid", "story", "paper", "main")
"""The files of `script/`, in the order in which they stand in the page."""
SCRIPT = "".join((_FOLDER / "script" / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS)


_VALUES_A_PIECE = 1000
_DATA = "<!-- data -->"
"""Where the data go; no text of a peer can be this, since it is escaped."""


class Frame(Struct, frozen=True):
    """A page without its data: what stands before them and behind, in UTF-8."""

    before: tuple[bytes, ...]
    after: tuple[bytes, ...]

    def size(self, data: Mapping[str, Any]) -> int:
        """The bytes of the page without stories."""
        return sum(map(len, self.page(data)))

    def page(self, data: Mapping[str, Any], chunks: Sequence[Chunk] = ()) -> Iterator[bytes]:
        """The page in pieces; `data` is what its grid shows, `chunks` are the stories."""
        yield from self.before
        yield b'<script type="application/json" id="data">'
        yield from _as_json({**data, "chunks": [chunk.first for chunk in chunks]})
        yield b"</script>"
        for chunk in chunks:
            yield b'\n<script type="text/plain" class="chunk">'
            yield chunk.packed
            yield b"</script>"
        yield from self.after


def render_frame(template: str, content: Mapping[str, Any]) -> Frame:
    """Give the frame that a template of this folder makes of the content."""
    whole = {
        "style": Markup(STYLE),
        "script": Markup(SCRIPT),
        "style_source": _source(STYLE),
        "script_source": _source(SCRIPT),
        "data": Markup(_DATA),
    }
    before: list[bytes] = []
    after: list[bytes] = []
    side = before
    for piece in template_pieces(f"page/{template}", {**content, **whole}):
        here, marked, behind = piece.partition(_DATA)
        side.append(encoded(here))
        if marked:
            side = after
            side.append(encoded(behind))
    return Frame(tuple(before), tuple(after))


def _source(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
    return f"'sha256-{digest}'"


def _as_json(content: Mapping[str, Any]) -> Iterator[bytes]:
    """The content as JSON without markup, in pieces, since as a whole it takes many times its room."""
    values = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True).iterencode(content)
    while piece := "".join(islice(values, _VALUES_A_PIECE)):
        text = piece.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
        yield text.encode("ascii")
