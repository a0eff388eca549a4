"""A validation error as one line for the person who wrote the file: the key, and what to do."""

from difflib import get_close_matches

from pydantic import ValidationError
from pydantic_core import ErrorDetails


def first_complaint(error: ValidationError, known_keys: frozenset[str]) -> str:
    """Return `key: what to do` for the first mistake; a misspelt key is compared with `known_keys`."""
    complaints = error.errors(include_url=False)
    more = f" (and {len(complaints) - 1} more)" if len(complaints) > 1 else ""
    return f"{_key(complaints[0]['loc'])}: {_advice(complaints[0], known_keys)}{more}"


def _key(location: tuple[int | str, ...]) -> str:
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in location]
    return "".join(parts).lstrip(".") or "the whole file"


def _advice(complaint: ErrorDetails, known_keys: frozenset[str]) -> str:
    if complaint["type"] == "missing":
        return "is missing: add it"
    if complaint["type"] == "extra_forbidden":
        close = get_close_matches(str(complaint["loc"][-1]), known_keys, n=1)
        return f"no such key: did you mean {close[0]}?" if close else "no such key: drop it"
    if complaint["type"] == "value_error":
        return str(complaint["ctx"]["error"]).replace("\n", " ")
    given = repr(complaint["input"])
    return f"{complaint['msg']}, not {given if len(given) < 60 else given[:57] + '...'}".replace("\n", " ")
