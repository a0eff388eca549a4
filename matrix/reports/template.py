"""Pages made from templates beside this module, with everything from peers and definitions escaped."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from handshake.reason import Reason
from matrix.wording import printable


def render_template(name: str, content: Mapping[str, Any]) -> str:
    """Give the whole page that the template `name` makes of the content."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_finalized,
    )
    return environment.get_template(name).render(**content)


def _finalized(value: object) -> object:
    """Text of peers made safe; what is marked as HTML already is left alone."""
    is_text = type(value) is str or isinstance(value, Reason)
    return printable(str(value)) if is_text else value
