"""Old keys and notations are read as what they say today, and named once with their new form."""

from pathlib import Path
from typing import Annotated, Any, ClassVar

import pytest
from pydantic import BaseModel, ConfigDict

from definitions.fault import UnusableFile
from definitions.former import Former, Notes, renamed
from definitions.reading import read_json, read_table, read_toml
from definitions.tables import ReadLater


def _sets(value: Any) -> dict[str, Any]:
    if not isinstance(value, bool):
        raise ValueError("is the old form of sets, and neither true nor false: write sets = []")
    return {} if value else {"sets": []}


def _alerts(value: Any) -> dict[str, Any] | None:
    """`"40"` and not `["alert:40"]`, as it was once written."""
    return {"after": [f"alert:{value}"]} if isinstance(value, str) else None


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Attempt(Table):
    former: ClassVar = (Former("after", _alerts), renamed("max_bits", "limit"))

    after: list[str] = []
    limit: int = 0


class Extra(Table):
    former: ClassVar = (renamed("olde", "new"),)

    new: bool = False


class Client(Table):
    """What was `default = false` is `sets = []` now, and `default = true` says what no key says too."""

    former: ClassVar = (Former("default", _sets),)

    id: str
    sets: list[str] | None = None
    attempt: list[Attempt] = []
    extra: Annotated[dict[str, Any], ReadLater(Extra)] = {}


OLD = """\
id = "a"
default = false
[[attempt]]
max_bits = 3
after = "40"
[[attempt]]
max_bits = 4
[extra]
olde = true
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "client.toml"
    path.write_text(OLD)
    return path


def test_an_old_file_is_read_and_each_old_form_named_once(path: Path) -> None:
    notes = Notes()
    client = read_toml(path, Client, notes=notes)
    assert client == Client(
        id="a",
        sets=[],
        attempt=[Attempt(after=["alert:40"], limit=3), Attempt(limit=4)],
        extra={"new": True},
    )
    still = "is the old form, which is still read: write"
    assert list(notes) == [
        f"{path}: default (line 2): {still} sets = []",
        f'{path}: attempt[0].after (line 5): {still} after = ["alert:40"]',
        f"{path}: attempt[0].max_bits (line 4): {still} limit = 3",
        f"{path}: extra.olde (line 9): {still} new = true",
    ]
    read_toml(path, Client, notes=notes)
    assert len(list(notes)) == 4
    assert read_toml(path, Client) == client, "whoever wants no notes gives none"


def test_what_is_written_as_today_has_no_note(path: Path) -> None:
    notes = Notes()
    path.write_text('id = "a"\nsets = []\n[[attempt]]\nafter = ["alert:40"]\nlimit = 3\n')
    assert read_toml(path, Client, notes=notes).sets == []
    assert list(notes) == []


def test_what_says_nothing_any_more_is_to_be_dropped(path: Path) -> None:
    notes = Notes()
    path.write_text('id = "a"\ndefault = true\n')
    assert read_toml(path, Client, notes=notes).sets is None
    assert list(notes) == [f"{path}: default (line 2): has no effect any more: drop it"]


def test_tables_and_json_have_old_forms_too(tmp_path: Path) -> None:
    notes = Notes()
    table = {"id": "a", "default": False}
    assert read_table(table, "my file", Client, notes=notes).sets == []
    assert table == {"id": "a", "default": False}
    path = tmp_path / "client.json"
    path.write_text('{"id": "a",\n"default": false}')
    assert read_json(path, Client, notes=notes).sets == []
    assert [line.partition(" is ")[0] for line in notes] == [
        "my file: default:",
        f"{path}: default (line 2):",
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("default = false", "default = 3", "default (line 2): is the old form of sets, and neither true"),
        (
            "default = false",
            "default = false\nsets = []",
            "default (line 2): is the old form of sets, which is there too: drop default",
        ),
        ("max_bits = 3", 'max_bits = "3"', "attempt[0].max_bits (line 4): is '3': write a whole number"),
        ("default", "defualt", "defualt (line 2): no such key: drop it, or write sets"),
    ],
)
def test_what_is_wrong_with_an_old_form_is_said_of_the_key_that_was_written(
    old: str, new: str, said: str, path: Path
) -> None:
    path.write_text(OLD.replace(old, new))
    notes = Notes()
    with pytest.raises(UnusableFile) as caught:
        read_toml(path, Client, notes=notes)
    (line,) = caught.value.lines
    assert line.startswith(f"{path}: {said}")
