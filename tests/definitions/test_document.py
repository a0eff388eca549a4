"""A file that is no document: one line that names it and says what to do, never a traceback."""

import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from definitions import document
from definitions.document import MAX_DEPTH, Document, json_document, toml_document
from definitions.fault import UnusableFile
from definitions.kept import toml_documents

Reader = Callable[[Path], Document]


def said_of(content: bytes | str, reader: Reader, tmp_path: Path) -> str:
    """The one line, without the file's name in front."""
    path = tmp_path / "file"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(UnusableFile) as caught:
        reader(path)
    (line,) = caught.value.lines
    assert str(caught.value) == line
    assert "\n" not in line
    assert line.startswith(f"{path}: ")
    return line.removeprefix(f"{path}: ")


def test_sound_files_are_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b'\xef\xbb\xbfa = "\xc3\xa4"\r\n[b]\r\nc = [1]\r\n')
    assert toml_document(path).content == {"a": "ä", "b": {"c": [1]}}
    assert [toml_document(path).line_of(place) for place in (("a",), ("b", "c", 0), ("b", "d"), ("e",))] == [
        1,
        3,
        2,
        None,
    ]
    path.write_text('{"a": ["\\ud83d\\ude00"]}')
    assert json_document(path).content == {"a": ["😀"]}


@pytest.mark.parametrize("reader", [toml_document, json_document])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(
            b'a = "x\xff"', "line 1: is not UTF-8 (byte 6 of the file): save it as UTF-8", id="latin-1"
        ),
        pytest.param(
            "a = 1\nb = 2".encode("utf-16"),
            "line 1: is not UTF-8 (byte 0 of the file): save it as UTF-8",
            id="utf-16",
        ),
        pytest.param(
            b"a = 1\nb = '\xc3'",
            "line 2: is not UTF-8 (byte 11 of the file): save it as UTF-8",
            id="second-line",
        ),
    ],
)
def test_what_is_not_utf_8(reader: Reader, content: bytes, said: str, tmp_path: Path) -> None:
    assert said_of(content, reader, tmp_path) == said


MISSING = "the rest is missing: copy it again, or have it written anew"
TOO_DEEP = "is nested more than 64 levels deep: close its brackets, or drop some of them"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param("a = \n", "line 1, column 5: is not TOML: Invalid value; correct it there", id="syntax"),
        pytest.param(
            "a = [1,\n2\n b = 3",
            "line 3, column 2: is not TOML: Unclosed array; correct it there",
            id="unclosed",
        ),
        pytest.param("[a", "at its end: is not TOML: Expected ']'", id="at-the-end"),
        pytest.param(
            "a = 1\x00", "line 1, column 6: is not TOML: Expected newline or end of document", id="nul"
        ),
        pytest.param("id = 1\n\nid = 2\nx = ", "id (line 3): stands twice: keep one", id="key-twice"),
        pytest.param(
            'a."b c" = 1\na."b c" = 2', 'a."b c" (line 2): stands twice: keep one', id="dotted-twice"
        ),
        pytest.param("[a]\nx = 1\n[[b]]\n[a]", "a (line 4): stands twice: keep one", id="table-twice"),
        pytest.param("a = {x = 1, x = 3}", "a.x (line 1): stands twice: keep one", id="inline-twice"),
        pytest.param(
            "a.b = 1\na = 2", "at its end: is not TOML: Cannot overwrite a value", id="table-and-value"
        ),
        pytest.param("a = " + "[" * 5000, TOO_DEEP, id="lists-without-end"),
        pytest.param("a = " + "[" * 65 + "]" * 65, TOO_DEEP, id="lists"),
        pytest.param(".".join("a" * 3000) + " = 1", TOO_DEEP, id="dotted"),
        pytest.param(f"[{'.'.join('a' * 3000)}]", TOO_DEEP, id="header"),
        pytest.param(
            "a = 1" + "0" * 5000, "has a number of thousands of digits: write a smaller one", id="digits"
        ),
    ],
)
def test_what_is_no_toml(content: str, said: str, tmp_path: Path) -> None:
    assert said_of(content, toml_document, tmp_path).startswith(said)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param("", "is empty: copy it again, or have it written anew", id="empty"),
        pytest.param('{"a": 1,\n"b": "wor', f"breaks off in line 2, {MISSING}", id="within-a-text"),
        pytest.param('{"a": 1,\n"b": tr', f"breaks off in line 2, {MISSING}", id="within-a-word"),
        pytest.param('{"a": 1,\n"b"\n', f"breaks off in line 2, {MISSING}", id="behind-a-key"),
        pytest.param("nothing", "line 1, column 1: is not JSON", id="a-word"),
        pytest.param('{"a": nope}', "line 1, column 7: is not JSON", id="a-word-within"),
        pytest.param(
            '{"a": 1,\n b}', "line 2, column 2: is not JSON: Expecting property name enclosed", id="syntax"
        ),
        pytest.param('{"a": [{"x": 1,\n"x": 2}]}', "a[0].x (line 2): stands twice: keep one", id="key-twice"),
        pytest.param('{"a": NaN}', "NaN is no number of JSON: write null or a number", id="nan"),
        pytest.param('{"a": "\\uD800"}', "has half of a surrogate pair (\\ud800 to \\udfff)", id="surrogate"),
        pytest.param("[" * 100_000, TOO_DEEP, id="lists-without-end"),
        pytest.param('{"a":' * 70 + "1" + "}" * 70, TOO_DEEP, id="objects"),
        pytest.param(
            "1" + "0" * 5000, "has a number of thousands of digits: write a smaller one", id="digits"
        ),
    ],
)
def test_what_is_no_json(content: str, said: str, tmp_path: Path) -> None:
    assert said_of(content, json_document, tmp_path).startswith(said)


def test_the_deepest_that_is_read(tmp_path: Path) -> None:
    """The negative control: one level less than what is refused, on the stack of a deep caller."""
    path = tmp_path / "file"
    path.write_text("a = " + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1))
    assert "a" in toml_document(path).content
    path.write_text("a = " + "[" * MAX_DEPTH + "]" * MAX_DEPTH)
    with pytest.raises(UnusableFile, match="nested"):
        toml_document(path)


@pytest.mark.parametrize(
    "written",
    [
        "{} = 1",
        "a = 1\n[ {} ] # so",
        "[[{}]]",
        "a = [ {{ b = 1, {} = 1 }} ]",
        'a = """\n\\""" # "\n"""\n{} = 1',
        "a = '''\n{{ # '''\n\n'#' . {} = 1",
        "a = 1\n'a.a' = 2\n[{}",
    ],
)
@pytest.mark.parametrize("part", ["a", '"\\" # ["', "'a\"\u2028 = '", '""'])
def test_a_long_dotted_key_takes_no_memory(written: str, part: str, tmp_path: Path) -> None:
    """It is refused before Python's parser keeps every beginning of it, which would be 100 MB here."""
    path = tmp_path / "file"
    path.write_text(written.format(" . ".join([part] * 5000)))
    tracemalloc.start()
    try:
        for read in (toml_document, lambda each: toml_documents([each], tmp_path / "cache")[each]):
            with pytest.raises((UnusableFile, KeyError)) as caught:
                read(path)
            assert isinstance(caught.value, KeyError) or str(caught.value).endswith(TOO_DEEP)
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
    finally:
        tracemalloc.stop()


DOTS = "1.2." * 100


@pytest.mark.parametrize(
    "written",
    [
        "a = 1 # {}",
        "# {}\na = 1",
        'a = "{}"',
        "a = '# {}'",
        'a = """\n"\\"\n{}\n"""',
        "a = '''\n{} = 1\n{}'''",
        '"{}" = 1',
        "a = [" + "1.5, " * 100 + "]",
        "a = { " + ", ".join(f"b.c{each} = 1.5" for each in range(100)) + " }",
        ".".join("a" * 64) + " = 1",
    ],
)
def test_dots_elsewhere_are_read(written: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(written.replace("{}", DOTS))
    assert toml_document(path).content
    assert toml_documents([path], tmp_path / "cache")[path].content


@pytest.mark.parametrize("reader", [toml_document, json_document])
def test_a_file_that_is_not_there_or_is_none(reader: Reader, tmp_path: Path) -> None:
    advice = "check its name and its permissions"
    for path, said in (
        (tmp_path / "none", "cannot be read (No such file or directory)"),
        (tmp_path, "cannot be read (Is a directory)"),
        (tmp_path / "a" / "\n", "cannot be read (No such file or directory)"),
        (tmp_path / "\0", "is no name of a file"),
        (tmp_path / ("n" * 300), "cannot be read (File name too long)"),
    ):
        with pytest.raises(UnusableFile) as caught:
            reader(path)
        assert str(caught.value).endswith(f": {said}: {advice}")
        assert str(caught.value).isprintable()


def test_advice_is_the_callers(tmp_path: Path) -> None:
    with pytest.raises(UnusableFile, match=r"\(No such file or directory\): give a run$"):
        json_document(tmp_path / "none", "give a run")


def test_a_name_that_is_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xff.toml")
    path.write_text("a")
    with pytest.raises(UnusableFile) as caught:
        toml_document(path)
    assert f"{tmp_path}/\\xff.toml: at its end: is not TOML" in str(caught.value)
    str(caught.value).encode()


@pytest.mark.parametrize(
    ("reader", "limit"), [(toml_document, "MAX_TOML_BYTES"), (json_document, "MAX_JSON_BYTES")]
)
def test_a_file_that_is_too_large_is_not_read_to_its_end(
    reader: Reader, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document, limit, 1 << 20)
    with pytest.raises(UnusableFile, match=r"^/dev/zero: is larger than 1 MiB: "):
        reader(Path("/dev/zero"))


@given(text=st.text() | st.text(alphabet="abc=[]{}\"'\\.\n#,1 "))
def test_any_text_is_a_document_or_one_line(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "any-text"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    for reader in (toml_document, json_document):
        try:
            reader(path)
        except UnusableFile as unusable:
            (line,) = unusable.lines
            assert line.startswith(f"{path}: ")
            assert line.isprintable()
