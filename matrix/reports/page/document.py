"""A page as one file: template, style sheet, scripts and data, put together. Pure.

The page's policy allows this style and these scripts alone, by their digests, and no network. Data are no
script: they stand in the page as JSON, in which no sign of markup is left, and the scripts put them into the
page as text.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup
from msgspec import Struct

from matrix.reports.page.chunks import Chunk
from matrix.reports.template import render_template

MOST_BYTES = 8_000_000
"""Of a whole page."""
_FOLDER = Path(__file__).parent
STYLE = (_FOLDER / "page.css").read_text(encoding="utf-8")
SCRIPTS = ("element", "sheet", "filters", "address", "grid", "story", "paper", "main")
"""The files of `script/`, in the order in which they stand in the page."""
SCRIPT = "".join((_FOLDER / "script" / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS)


_DATA = "<!-- data -->"
"""Where the data go; no text of a peer can be this, since it is escaped."""


class Frame(Struct, frozen=True):
    """A page without its data: what stands before them and behind."""

    before: str
    after: str

    def page(self, data: Mapping[str, Any], chunks: Sequence[Chunk] = ()) -> str:
        """The page; `data` is what its grid shows, `chunks` are the stories."""
        text = _as_json({**data, "chunks": [chunk.first for chunk in chunks]})
        scripts = [f'<script type="application/json" id="data">{text}</script>']
        scripts += [f'<script type="text/plain" class="chunk">{chunk.packed}</script>' for chunk in chunks]
        return self.before + "\n".join(scripts) + self.after


def render_frame(template: str, content: Mapping[str, Any]) -> Frame:
    """Give the frame that a template of this folder makes of the content."""
    whole = {
        "style": Markup(STYLE),
        "script": Markup(SCRIPT),
        "style_source": _source(STYLE),
        "script_source": _source(SCRIPT),
        "data": Markup(_DATA),
    }
    before, _, after = render_template(f"page/{template}", {**content, **whole}).partition(_DATA)
    return Frame(before, after)


def _source(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
    return f"'sha256-{digest}'"


def _as_json(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
