"""What a page has in it, unpacked as its scripts unpack it."""

import base64
import gzip
import json
import re
from typing import Any


def data(page: str) -> dict[str, Any]:
    """The data of its grid."""
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, flags=re.DOTALL)
    found: dict[str, Any] = json.loads(text)
    return found


def chunks(page: str) -> list[dict[str, Any]]:
    """The chunks of its stories."""
    texts = re.findall(r'<script type="text/plain" class="chunk">(.*?)</script>', page)
    return [json.loads(gzip.decompress(base64.b64decode(text))) for text in texts]


def story_of(page: str, server: str, client: str) -> dict[str, Any] | None:
    """The story of a cell with what it refers to; None where the page has none."""
    found = data(page)
    column = [each["id"] for each in found["servers"]].index(server)
    number = next(
        row["cells"][4 * column + 1]
        for group in found["groups"]
        for row in group["rows"]
        if found["clients"][row["client"]]["id"] == client
    )
    if number < 0:
        return None
    chunk = max(place for place, first in enumerate(found["chunks"]) if first <= number)
    lists = chunks(page)[chunk]
    return {**lists["stories"][number - found["chunks"][chunk]], "lists": lists}
