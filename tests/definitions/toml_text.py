"""Documents as TOML text, in any of the ways TOML has to write the same thing."""

from typing import Any

from hypothesis import strategies as st

KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=4) | st.sampled_from("abc")
SCALARS = (
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.dates()
    | st.datetimes()
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(KEYS, VALUES, max_size=4)


def toml(document: dict[str, Any], draw: Any) -> str:
    """The document, written as `draw` (of hypothesis) decides."""
    lines = _statements(document, (), draw)
    return "".join(f"{line}{_space(draw)}\n" for line in lines)


def _statements(table: dict[str, Any], place: tuple[str, ...], draw: Any) -> list[str]:
    """Pairs first, since those behind a header would be in its table."""
    pairs, headed = [], []
    for key, value in table.items():
        path = (*place, key)
        tables = value if isinstance(value, list) and value else [value]
        has_header = all(isinstance(each, dict) for each in tables) and draw(st.booleans())
        if not has_header:
            pairs += _pair((key,), value, draw)
        elif isinstance(value, list):
            for each in value:
                headed += [f"[[{_key(path, draw)}]]", *_statements(each, path, draw)]
        else:
            headed += [f"[{_key(path, draw)}]", *_statements(value, path, draw)]
    return [*pairs, *headed]


def _pair(path: tuple[str, ...], value: Any, draw: Any) -> list[str]:
    if isinstance(value, dict) and value and draw(st.booleans()):
        return [line for key, inner in value.items() for line in _pair((*path, key), inner, draw)]
    return [f"{_key(path, draw)} = {_value(value, draw)}"]


def _key(path: tuple[str, ...], draw: Any) -> str:
    return draw(st.sampled_from([".", " . "])).join(map(_quoted, path))


def _quoted(text: str) -> str:
    is_bare = text.isascii() and text.replace("_", "").replace("-", "").isalnum()
    return text if is_bare else f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    return "".join(
        char if char.isprintable() and char not in '"\\' else f"\\U{ord(char):08x}" for char in text
    )


def _value(value: Any, draw: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return _text(value, draw)
        case list():
            return _list([_value(each, draw) for each in value], draw)
        case dict():
            return (
                "{" + ", ".join(f"{_quoted(key)} = {_value(each, draw)}" for key, each in value.items()) + "}"
            )
        case _:
            return str(value)


def _text(text: str, draw: Any) -> str:
    ways = [f'"{_escaped(text)}"', f'"""\n{_escaped(text)}"""']
    if text.isprintable() and "'" not in text:
        ways += [f"'{text}'", f"'''\n{text}'''"]
    if text.isprintable() and '"""' not in text and "\\" not in text:
        ways.append(f'"""{text}"""')
    return str(draw(st.sampled_from(ways)))


def _list(elements: list[str], draw: Any) -> str:
    between = draw(st.sampled_from([", ", ",\n", " , # ] } \" '''\n"]))
    ends = draw(st.sampled_from([("[", "]"), ("[\n", "\n]"), ("[ # [\n\n", "]")]))
    trailing = "," if elements and draw(st.booleans()) else ""
    return f"{ends[0]}{between.join(elements)}{trailing}{ends[1]}"


def _space(draw: Any) -> str:
    return str(draw(st.sampled_from(["", " ", "  # a remark = [", "\n", "\r"])))
