"""From a document to a model: every fault of a file at once, one line each, with key, line and correction."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

import pytest
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from definitions.fault import MAX_TOLD, Mistakes, Together, UnusableFile, key_of, unknown_value
from definitions.reading import check_toml, read_json, read_table, read_toml
from definitions.tables import ReadLater


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _lower(value: object) -> object:
    if isinstance(value, str) and value.isupper():
        raise ValueError(f"is {value!r}: write it in small letters")
    return value


class Door(Table):
    width: Annotated[int, Field(ge=1, le=300)]
    colour: Literal["red", "green", "blue"] = "red"
    locks: list[Literal["bolt", "chain"] | Annotated[int, Field(ge=0, le=9)]] = []


class Cellar(Table):
    depth: int = 1
    wine: bool = False


class House(Table):
    title: str = Field(min_length=1)
    street: Annotated[str, BeforeValidator(_lower)]
    number: int | None = None
    doors: list[Door] = Field(alias="door", min_length=1)
    rooms: dict[Annotated[str, Field(pattern="^[a-z ]+$")], Door] = {}
    cellar: Annotated[dict[str, Any], ReadLater(Cellar)] = {}

    @field_validator("title")
    @classmethod
    def _is_the_name_of_the_file(cls, title: str, info: ValidationInfo) -> str:
        if isinstance(info.context, Path) and info.context.stem != title:
            raise ValueError(f"is {title!r}: write {info.context.stem!r}")
        return title

    @model_validator(mode="after")
    def _fits(self) -> Self:
        wide = [index for index, door in enumerate(self.doors) if door.width > 200]
        if wide:
            raise Mistakes([(("door", index, "width"), "is too wide: write 200 or less") for index in wide])
        return self


SOUND = """\
title = "home"
street = "long street"

[[door]]
width = 90
locks = ["bolt", 3]

[[door]]
width = 80
colour = "blue"

[rooms."living room"]
width = 70
"""


def faults(tmp_path: Path, *changes: tuple[str, str]) -> list[str]:
    """What is said of SOUND with changes, without the file's name."""
    text = SOUND
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = tmp_path / "home.toml"
    path.write_text(text)
    with pytest.raises(UnusableFile) as caught:
        read_toml(path, House)
    assert all(line.startswith(f"{path}: ") for line in caught.value.lines)
    return [line.removeprefix(f"{path}: ") for line in caught.value.lines]


def test_a_sound_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "home.toml"
    path.write_text(SOUND)
    house = read_toml(path, House)
    assert (house.title, house.doors[0].locks, house.rooms["living room"].width) == ("home", ["bolt", 3], 70)
    check_toml(path, House)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('title = "home"\n', "", "title: is missing: add it"),
        ("width = 90\n", "", "door[0].width (line 4): is missing: add it"),
        ("title =", "tile =", "tile (line 1): no such key: did you mean title? (it is required)"),
        (
            "width = 80",
            "with = 80",
            "door[1].with (line 9): no such key: did you mean width? (it is required)",
        ),
        ("colour =", "color =", "door[1].color (line 10): no such key: did you mean colour?"),
        (
            "colour =",
            "width_ =",
            "door[1].width_ (line 10): no such key: did you mean width? (it is there already)",
        ),
        ("colour =", "paint =", "door[1].paint (line 10): no such key: drop it, or write colour or locks"),
        ('"blue"', '"bleu"', "door[1].colour (line 10): unknown value 'bleu': did you mean blue?"),
        ('"blue"', '"pink"', "door[1].colour (line 10): unknown value 'pink': write red, green or blue"),
        ('"blue"', "7", "door[1].colour (line 10): unknown value 7: write red, green or blue"),
        ('"blue"', '["blue"]', "door[1].colour (line 10): unknown value a list: write red, green or blue"),
        ('"home"', "2012-02-03", "title (line 1): is 2012-02-03: write text in quotes"),
        ('"home"', '""', "title (line 1): is '': write at least 1 character(s)"),
        ('"home"', '"\\n\\u202e"', r"title (line 1): is '\n\u202e': write 'home'"),
        ('"long street"', '"ROAD"', "street (line 2): is 'ROAD': write it in small letters"),
        ("width = 90", 'width = "90"', "door[0].width (line 5): is '90': write a whole number"),
        ("width = 90", "width = true", "door[0].width (line 5): is true: write a whole number"),
        ("width = 90", "width = 0", "door[0].width (line 5): is 0: write 1 or more"),
        ("width = 90", "width = 301", "door[0].width (line 5): is 301: write 300 or less"),
        (
            "width = 90",
            "width = 0x" + "f" * 6000,
            "door[0].width (line 5): is a very large number: write 300 or less",
        ),
        ("width = 90", "width = 250", "door[0].width (line 5): is too wide: write 200 or less"),
        (
            '"bolt"',
            '"chian"',
            "door[0].locks[0] (line 6): unknown value 'chian': did you mean chain?; "
            "or is 'chian': write a whole number",
        ),
        ('locks = ["bolt", 3]', "locks = 3", "door[0].locks (line 6): is 3: write a list in square brackets"),
        (
            '"living room"',
            '"2 rooms"',
            "rooms.\"2 rooms\" (line 12): is '2 rooms': write it as the pattern ^[a-z ]+$ says",
        ),
        (
            '[rooms."living room"]',
            "[rooms]",
            "rooms.width (line 13): is 70: write a table of keys and values",
        ),
        (
            '"long street"',
            '"a"\n"new\\nkey" = 1',
            '"new\\nkey" (line 3): no such key: drop it, or write number or cellar',
        ),
    ],
)
def test_each_kind_of_mistake(old: str, new: str, said: str, tmp_path: Path) -> None:
    assert faults(tmp_path, (old, new)) == [said]


def test_all_of_them_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    assert faults(
        tmp_path,
        ('title = "home"', 'tile = "home"'),
        ("width = 90", "wdth = 90"),
        ('"bolt", 3', '"bolt", 30'),
        ("width = 80\n", ""),
        ('"blue"', '"bleu"'),
        ("width = 70", "width = 70\nheight = 2"),
    ) == [
        "tile (line 1): no such key: did you mean title? (it is required)",
        "door[0].wdth (line 5): no such key: did you mean width? (it is required)",
        "door[0].locks[1] (line 6): unknown value 30: write bolt or chain; or is 30: write 9 or less",
        "door[1].width (line 8): is missing: add it",
        "door[1].colour (line 9): unknown value 'bleu': did you mean blue?",
        'rooms."living room".height (line 13): no such key: drop it, or write colour or locks',
    ]


def test_what_stands_in_a_table_with_a_misspelt_name_is_told_too(tmp_path: Path) -> None:
    path = tmp_path / "home.toml"
    text = SOUND.replace("[[door]]", "[[dor]]").replace("width = 90", "width = 250")
    path.write_text(text)
    with pytest.raises(UnusableFile) as caught:
        read_toml(path, House)
    assert [line.removeprefix(f"{path}: ") for line in caught.value.lines] == [
        "dor (line 4): no such key: did you mean door? (it is required)",
        "dor[0].width (line 5): is too wide: write 200 or less",
    ]
    path.write_text(text.replace("[rooms.", "[romes.").replace("width = 70", "with = 70"))
    with pytest.raises(UnusableFile) as caught:
        read_toml(path, House)
    assert [line.removeprefix(f"{path}: ") for line in caught.value.lines] == [
        "dor (line 4): no such key: did you mean door? (it is required)",
        "dor[0].width (line 5): is too wide: write 200 or less",
        "romes (line 12): no such key: did you mean rooms?",
        'romes."living room".with (line 13): no such key: did you mean width? (it is required)',
    ]


def test_what_is_found_by_validators_of_the_whole_is_told_beside_unknown_keys(tmp_path: Path) -> None:
    assert faults(tmp_path, ("width = 90", "width = 250"), ("colour =", "paint =")) == [
        "door[0].width (line 5): is too wide: write 200 or less",
        "door[1].paint (line 10): no such key: drop it, or write colour or locks",
    ]


def test_what_somebody_else_reads_is_told_along_and_on_request(tmp_path: Path) -> None:
    cellar = ("width = 70", "width = 70\n[cellar]\ndepth = true\nwhine = true")
    told = [
        "cellar.depth (line 15): is true: write a whole number",
        "cellar.whine (line 16): no such key: did you mean wine?",
    ]
    assert faults(tmp_path, ('"blue"', '"bleu"'), cellar) == [
        "door[1].colour (line 10): unknown value 'bleu': did you mean blue?",
        *told,
    ]
    path = tmp_path / "home.toml"
    path.write_text(SOUND.replace(*cellar))
    assert read_toml(path, House).cellar == {"depth": True, "whine": True}
    with pytest.raises(UnusableFile) as caught:
        check_toml(path, House)
    assert caught.value.lines == tuple(f"{path}: {line}" for line in told)


def test_json_has_lines_too(tmp_path: Path) -> None:
    path = tmp_path / "home.json"
    path.write_text('{"titel": "home",\n "street": "a", "door": [\n  {"width": "1"}]}')
    with pytest.raises(UnusableFile) as caught:
        read_json(path, House)
    assert caught.value.lines == (
        f"{path}: titel (line 1): no such key: did you mean title? (it is required)",
        f"{path}: door[0].width (line 3): is '1': write a whole number",
    )
    path.write_text("[1]")
    with pytest.raises(UnusableFile) as caught:
        read_json(path, House)
    assert str(caught.value) == f"{path}: is a list: write a table of keys and values"


class MyError(UnusableFile, ValueError):
    pass


def test_a_table_is_read_with_its_place_and_left_as_it_is() -> None:
    table = {"wdth": 1, "locks": ["bolt"]}
    with pytest.raises(MyError) as caught:
        read_table(table, "my/file (1.0)", Door, MyError, place=("rooms", "a b"))
    assert str(caught.value) == (
        'my/file (1.0): rooms."a b".wdth: no such key: did you mean width? (it is required)'
    )
    assert table == {"wdth": 1, "locks": ["bolt"]}
    deep: Any = {}
    for _ in range(10_000):
        deep = {"a": deep}
    with pytest.raises(MyError, match=r"^x: is nested more than 64 levels deep"):
        read_table(deep, "x", Door, MyError)


def test_a_file_of_another_kind_has_few_of_its_faults_told(tmp_path: Path) -> None:
    path = tmp_path / "home.toml"
    path.write_text(SOUND + "".join(f"[rooms.{'a' * number}]\n" for number in range(1, 200)))
    with pytest.raises(UnusableFile) as caught:
        read_toml(path, House)
    assert len(caught.value.lines) == MAX_TOLD + 1
    assert caught.value.lines[-1] == f"{path}: {199 - MAX_TOLD} more errors: correct these first"


def test_validators_that_fall_over_deep_text_are_no_traceback(tmp_path: Path) -> None:
    def fall(value: str) -> str:
        return fall(value)

    class Fragile(Table):
        a: Annotated[str, BeforeValidator(fall)]

    path = tmp_path / "file.toml"
    path.write_text('a = "((((("')
    with pytest.raises(UnusableFile, match="has a value that is nested too deep: write it flatter"):
        read_toml(path, Fragile)


def test_several_files_are_read_together(tmp_path: Path) -> None:
    together = Together()
    read = []
    for name in ("home", "b", "c", "c"):
        path = tmp_path / f"{name}.toml"
        path.write_text(SOUND)
        with together:
            read.append(read_toml(path, House))
    assert len(read) == 1
    with pytest.raises(MyError) as caught:
        together.end(MyError)
    assert [line.partition(": ")[0] for line in caught.value.lines] == [
        str(tmp_path / "b.toml"),
        str(tmp_path / "c.toml"),
    ]
    Together().end()
    with pytest.raises(KeyError), Together():
        raise KeyError("what is no fault of a file goes on")


@pytest.mark.parametrize(
    ("place", "key"),
    [
        (("attempt", 2, "extensions", 0, "type"), "attempt[2].extensions[0].type"),
        (("levels", "1.0", "title"), 'levels."1.0".title'),
        (("a\n", ""), r'"a\n".""'),
        (("k" * 99,), f'"{"k" * 57}..."'),
        ((), ""),
    ],
)
def test_keys_are_written_as_toml_writes_them(place: tuple[str | int, ...], key: str) -> None:
    assert key_of(place) == key


@pytest.mark.parametrize(
    ("value", "words", "said"),
    [
        ("Red", ["red", "green"], "unknown colour 'Red': did you mean red?"),
        ("x", ["red", "green"], "unknown colour 'x': write red or green"),
        ("x", ["red"], "unknown colour 'x': write red"),
        ("x", [], "unknown colour 'x': drop it"),
        (None, ["red"], "unknown colour null: write red"),
        ("x" * 99, ["red"], f"unknown colour '{'x' * 57}...': write red"),
    ],
)
def test_unknown_values(value: object, words: list[str], said: str) -> None:
    assert str(unknown_value(value, words, "colour")) == said
