from pathlib import Path

import pytest

from servers.definition import (
    BUNDLED_SERVERS,
    DefinitionError,
    ServerDefinition,
    load_definition,
    load_definitions,
)
from servers.variant import expand

SOUND = """
id = "toy"
title = "Toy"
kind = "emulated"
default = true
control = "openssl-3.0"
source = "made up for a test"

[declared]
versions = ["TLSv1.0"]
cipher_suites = ["TLS_RSA_WITH_AES_128_CBC_SHA"]

[levels.one]
title = "Toy 1"
stack = "none"

[levels.two]
title = "Toy 2"
stack = "none"

[toggles.ec]
title = "elliptic curves"
values = ["no", "yes"]
default = "no"

[toggles.ec.when.yes.declared]
dh_prime_bits = 1024
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "toy"
    folder.mkdir()
    return folder


def test_sound_definition_loads(folder: Path) -> None:
    (folder / "server.toml").write_text(SOUND)
    definition = load_definition(folder / "server.toml")
    assert definition.folder == folder
    assert list(definition.levels) == ["one", "two"]


def test_a_toggle_may_mean_something_else_at_a_level(folder: Path) -> None:
    """On top of what the value means at all, and at the levels that are like that one too."""
    (folder / "server.toml").write_text(
        SOUND
        + """
[toggles.ec.when.yes.at.two.declared]
versions = ["SSLv3"]

[levels.three]
title = "Toy 3"
stack = "none"
like = "two"
"""
    )
    definition = load_definition(folder / "server.toml")
    declared = {level: definition.declared_at(level, {"ec": "yes"}) for level in definition.levels}
    assert {level: at.versions for level, at in declared.items()} == {
        "one": (0x0301,),
        "two": (0x0300,),
        "three": (0x0300,),
    }
    assert {at.dh_prime_bits for at in declared.values()} == {1024}
    assert definition.declared_at("two", {"ec": "no"}).versions == (0x0301,)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('id = "toy"', 'id = "other"', 'id: is "other" in a folder called "toy"'),
        ('id = "toy"', 'id = "t@y"', "id: "),
        ('id = "toy"', "", "id: missing; add it"),
        (
            'kind = "emulated"',
            'kind = "fake"',
            "kind: Input should be 'emulated' or 'real', but it is 'fake'",
        ),
        ('kind = "emulated"', 'kind = "real"', 'kind: "real" needs a serve.py'),
        ("default = true", 'default = "yes"', "default: Input should be a valid boolean"),
        ('title = "Toy"', 'titel = "Toy"', "title: missing"),
        ('title = "Toy"', 'title = "Toy"\nnotes = ""', 'notes: unknown key; did you mean "note"?'),
        ('title = "Toy 2"', 'title = "x"\nsince = 3', "levels.two.since: unknown key; known are declared"),
        ('"TLSv1.0"', '"TLSv1.4"', "declared.versions.0: "),
        ('"TLSv1.0"', "0x0301", "declared.versions.0: Input should be a valid string, but it is 769"),
        ('"TLS_RSA_WITH_AES_128_CBC_SHA"', '"TLS_RSA_WITH_AES_128_CBC_SHAA"', "TLS_RSA_WITH_AES_128_CBC_SHA"),
        ("cipher_suites =", 'cipher_suites_without = ["TLS_FOO*"]\ncipher_suites =', "TLS_FOO*"),
        ('versions = ["TLSv1.0"]', "", "declared.versions: missing"),
        ('cipher_suites = ["TLS_RSA_WITH_AES_128_CBC_SHA"]', "cipher_suites = []", "declared.cipher_suites"),
        ("dh_prime_bits = 1024", 'cipher_suites_without = ["*"]', "declared.cipher_suites: none is left"),
        (
            '_SHA"]',
            '_SHA", "AES128-SHA"]',
            'declared.cipher_suites: "AES128-SHA" is there already',
        ),
        ("dh_prime_bits = 1024", "dh_prime_bits = 10", "toggles.ec.when.yes.declared.dh_prime_bits"),
        ("[levels.two]", '[levels."t,o"]', "levels.t,o: "),
        ('title = "Toy 1"', 'title = "x"\nlike = "two"', 'levels.one.like: there is no "two"; there is none'),
        ('title = "Toy 2"', 'title = "x"\nlike = "two"', 'levels.two.like: there is no "two"; there is one'),
        ('default = "no"', 'default = "maybe"', 'toggles.ec.default: there is no "maybe"; there is no, yes'),
        ('default = "no"', 'default = "no"\nlevels = ["three"]', 'toggles.ec.levels: there is no "three"'),
        ("when.yes.declared", "when.ja.declared", 'toggles.ec.when: there is no "ja"'),
        ("[toggles.ec.when.yes.declared]", "[toggles.ec.when.yes.declare]", 'did you mean "declared"?'),
        (
            "[toggles.ec.when.yes.declared]\ndh_prime_bits = 1024",
            '[toggles.ec.when.no]\nlevels = ["one"]',
            'toggles.ec.when.no.levels: the default must exist at "two"',
        ),
        (
            "default = true",
            'default = true\nprocess = "own"',
            "process: Input should be 'shared', 'per-level' or 'per-variant'",
        ),
        (
            "[toggles.ec.when.yes.declared]",
            "[toggles.ec.when.yes.at.three.declared]",
            'toggles.ec.when.yes.at: there is no "three"; there is one, two',
        ),
        (
            "dh_prime_bits = 1024",
            "[toggles.ec.when.yes.at.two.declared]\nversion = 1",
            'toggles.ec.when.yes.at.two.declared.version: unknown key; did you mean "versions"?',
        ),
        ("[levels.one]", "[levels.one", "is not TOML"),
        ('title = "Toy"', 'title = "\udcff"', "is not UTF-8 (byte"),
    ],
)
def test_says_in_one_line_which_key_is_wrong(folder: Path, old: str, new: str, message: str) -> None:
    assert SOUND.count(old) == 1
    path = folder / "server.toml"
    path.write_bytes(SOUND.replace(old, new).encode("utf-8", "surrogateescape"))
    with pytest.raises(DefinitionError) as raised:
        load_definition(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_users_directory_adds_to_the_bundled_ones(tmp_path: Path, folder: Path) -> None:
    (folder / "server.toml").write_text(SOUND)
    (tmp_path / "no-server-here").mkdir()
    assert set(load_definitions([tmp_path])) == {"toy", *load_definitions()}


def test_same_id_twice_is_an_error(tmp_path: Path) -> None:
    for directory in ("first", "second"):
        (tmp_path / directory / "toy").mkdir(parents=True)
        (tmp_path / directory / "toy" / "server.toml").write_text(SOUND)
    with pytest.raises(DefinitionError, match=r'id: "toy" is taken by .*first/toy; choose another'):
        load_definitions([tmp_path / "first", tmp_path / "second"])


@pytest.mark.parametrize("name", ["empty", "missing"])
def test_directory_without_servers_is_an_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DefinitionError, match=rf"{name}: has no folder with a server.toml"):
        load_definitions([tmp_path / name])


def test_unreadable_file_is_an_error(folder: Path) -> None:
    (folder / "server.toml").mkdir()
    with pytest.raises(DefinitionError, match="cannot be read: Is a directory"):
        load_definition(folder / "server.toml")


def test_bundled_definitions_are_complete() -> None:
    definitions = load_definitions()
    assert {"openssl", "openssl-s_server", "tlslite"} <= set(definitions)
    for definition in definitions.values():
        assert definition.folder.parent == BUNDLED_SERVERS
        for variant in expand(definition):
            assert variant.declared().cipher_suites
    assert definitions["openssl"].default
    assert not definitions["openssl-s_server"].default


def test_json_schema_for_editors_can_be_made() -> None:
    schema = ServerDefinition.model_json_schema()
    assert schema["additionalProperties"] is False
    assert "_folder" not in schema["properties"]
