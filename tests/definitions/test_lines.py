"""Where things stand: what the walk over a text finds is what its parser finds, each on its line."""

import json
import tomllib
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from definitions.fault import Place
from definitions.lines import json_places, toml_places
from tests.definitions.toml_text import DOCUMENTS, VALUES, toml

TEXT = """\
# a remark
plain = 1.5
"quoted [key]" = "x"   # another
dotted.key = [1, # one
  { inner = "]", date = 1979-05-27 07:32:00 },
  \"\"\"
  several "" lines
  \"\"\",
  '''it's''',
]

[table]
hash = "#"
[[list.of]]
x = 1
[[list.of]]
y = [
  [2, 3],
]
[list.of.sub]
z = 3
"""


def places(value: Any, place: Place = ()) -> Iterator[Place]:
    if place:
        yield place
    for part, inner in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from places(inner, (*place, part))


def test_each_statement_table_and_element_has_its_line() -> None:
    assert list(toml_places(TEXT)) == [
        (("plain",), 2),
        (("quoted [key]",), 3),
        (("dotted", "key"), 4),
        (("dotted", "key", 0), 4),
        (("dotted", "key", 1), 5),
        (("dotted", "key", 1, "inner"), 5),
        (("dotted", "key", 1, "date"), 5),
        (("dotted", "key", 2), 6),
        (("dotted", "key", 3), 9),
        (("table",), 12),
        (("table", "hash"), 13),
        (("list", "of", 0), 14),
        (("list", "of", 0, "x"), 15),
        (("list", "of", 1), 16),
        (("list", "of", 1, "y"), 17),
        (("list", "of", 1, "y", 0), 18),
        (("list", "of", 1, "y", 0, 0), 18),
        (("list", "of", 1, "y", 0, 1), 18),
        (("list", "of", 1, "sub"), 20),
        (("list", "of", 1, "sub", "z"), 21),
    ]


@settings(max_examples=300)
@given(DOCUMENTS, st.data())
def test_toml_has_the_places_that_its_parser_finds(document: dict[str, Any], data: st.DataObject) -> None:
    text = toml(document, data.draw)
    assert tomllib.loads(text) == document, "control: the text says what it was made of"
    found = {place[:end] for place, _ in toml_places(text) for end in range(1, len(place) + 1)}
    assert found == set(places(document))


@given(VALUES, st.sampled_from([None, 0, 2]))
def test_json_has_the_places_that_its_parser_finds(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent, default=str)
    found = list(json_places(text))
    assert [place for place, _ in found] == list(places(json.loads(text)))
    assert [line for _, line in found] == sorted(line for _, line in found)
    assert all(line == 1 for _, line in found) or indent is not None


def test_json_has_lines() -> None:
    text = '{"a":\n[1,\n{"b]": "\\""}],\n"c": {}}'
    assert list(json_places(text)) == [
        (("a",), 1),
        (("a", 0), 2),
        (("a", 1), 3),
        (("a", 1, "b]"), 3),
        (("c",), 4),
    ]
