import re
from pathlib import Path

import pytest

from definitions.former import Notes
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


def test_an_old_word_for_a_fatal_alert_is_read_and_named_with_todays(folder: Path) -> None:
    path = folder / "server.toml"
    old = '[declared.renegotiation]\nrefusal = "fatal:handshake_failure"\n[levels.one]'
    path.write_text(SOUND.replace("[levels.one]", old))
    notes = Notes()
    (variant, *_) = expand(load_definition(path, notes))
    assert variant.declared().renegotiation.refusal == "alert:handshake_failure"
    (note,) = notes
    assert "declared.renegotiation.refusal" in note
    assert note.endswith('is the old form, which is still read: write refusal = "alert:handshake_failure"')


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
        ('id = "toy"', 'id = "other"', "id: is 'other' in a folder called 'toy': make the two equal"),
        ('id = "toy"', 'id = "t@y"', "id: "),
        ('id = "toy"', "", "id: is missing: add it"),
        (
            'kind = "emulated"',
            'kind = "fake"',
            "kind: unknown value 'fake': write emulated or real",
        ),
        (
            'kind = "emulated"',
            'kind = "real"',
            "kind: a real server needs a serve.py beside this file: add it",
        ),
        ("default = true", 'default = "yes"', "default: is 'yes': write true or false"),
        ('title = "Toy"', 'titel = "Toy"', "titel: no such key: did you mean title? (it is required)"),
        ('title = "Toy"', 'title = "Toy"\nnotes = ""', "notes: no such key: did you mean note?"),
        (
            'title = "Toy 2"',
            'title = "x"\nsince = 3',
            "levels.two.since: no such key: drop it, or write declared, emulation, protocol, stacks, ",
        ),
        ('"TLSv1.0"', '"TLSv1.4"', "declared.versions[0]: unknown protocol version"),
        ('"TLSv1.0"', "0x0301", "declared.versions[0]: is 769: write text in quotes"),
        ('"TLS_RSA_WITH_AES_128_CBC_SHA"', '"TLS_RSA_WITH_AES_128_CBC_SHAA"', "TLS_RSA_WITH_AES_128_CBC_SHA"),
        ("cipher_suites =", 'cipher_suites_without = ["TLS_FOO*"]\ncipher_suites =', "TLS_FOO*"),
        ('versions = ["TLSv1.0"]', "", "declared.versions: is missing at level 'one': say it in"),
        ('cipher_suites = ["TLS_RSA_WITH_AES_128_CBC_SHA"]', "cipher_suites = []", "declared.cipher_suites"),
        ("dh_prime_bits = 1024", 'cipher_suites_without = ["*"]', "declared.cipher_suites: none is left"),
        (
            '_SHA"]',
            '_SHA", "AES128-SHA"]',
            "declared.cipher_suites[1]: 'AES128-SHA' is there already",
        ),
        ("dh_prime_bits = 1024", "dh_prime_bits = 10", "toggles.ec.when.yes.declared.dh_prime_bits"),
        ("[levels.two]", '[levels."t,o"]', 'levels."t,o": '),
        ('title = "Toy 1"', 'title = "x"\nlike = "two"', "levels.one.like: unknown level 'two': drop it"),
        ('title = "Toy 2"', 'title = "x"\nlike = "two"', "levels.two.like: unknown level 'two': write one"),
        ('default = "no"', 'default = "maybe"', "toggles.ec.default: unknown value 'maybe': write no or yes"),
        (
            'default = "no"',
            'default = "no"\nlevels = ["three"]',
            "toggles.ec.levels[0]: unknown level 'three'",
        ),
        ("when.yes.declared", "when.ja.declared", "toggles.ec.when.ja: unknown value 'ja'"),
        ("[toggles.ec.when.yes.declared]", "[toggles.ec.when.yes.declare]", "did you mean declared?"),
        (
            "[toggles.ec.when.yes.declared]\ndh_prime_bits = 1024",
            '[toggles.ec.when.no]\nlevels = ["one"]',
            "toggles.ec.when.no.levels: the default must exist at level 'two': add it",
        ),
        (
            "default = true",
            'default = true\nprocess = "own"',
            "process: unknown value 'own': write shared, per-level or per-variant",
        ),
        (
            "[toggles.ec.when.yes.declared]",
            "[toggles.ec.when.yes.at.three.declared]",
            "toggles.ec.when.yes.at.three: unknown level 'three': write one or two",
        ),
        (
            "dh_prime_bits = 1024",
            "[toggles.ec.when.yes.at.two.declared]\nversion = 1",
            "toggles.ec.when.yes.at.two.declared.version: no such key: did you mean versions?",
        ),
        (
            "dh_prime_bits = 1024",
            'refusals = { no_common_version = "alert-protocol_versoin" }',
            "no_common_version: unknown alert 'protocol_versoin': did you mean protocol_version",
        ),
        (
            "dh_prime_bits = 1024",
            'renegotiation = { requested = "complete" }',
            "renegotiation.requested: 'complete' is no cause; write one of",
        ),
        (
            "dh_prime_bits = 1024",
            'renegotiation = { refusal = "alert-no_renegotiation" }',
            "renegotiation.refusal: unknown answer 'alert-no_renegotiation': write alert:<name>",
        ),
        (
            "dh_prime_bits = 1024",
            'refusals = { hello_with = { "hello-lenght:1.." = "fin" } }',
            "'hello-lenght:1..' is no feature of a hello; did you mean hello-length",
        ),
        (
            "dh_prime_bits = 1024",
            'refusals = { hello_with = { "hello-length:1.." = "finn" } }',
            "'finn' is no cause; write one of",
        ),
        (
            "dh_prime_bits = 1024",
            'refusals = { hello_with = { "hello-length:1.." = "fin" } }',
            "is for real servers, whose conduct is given: write [[emulation.intolerance]]",
        ),
        ("[levels.one]", "[levels.one", "line 13, column 12: is not TOML"),
        ('title = "Toy"', 'title = "\udcff"', "line 3: is not UTF-8 (byte"),
    ],
)
def test_says_in_one_line_which_key_is_wrong(folder: Path, old: str, new: str, message: str) -> None:
    assert SOUND.count(old) == 1
    path = folder / "server.toml"
    path.write_bytes(SOUND.replace(old, new).encode("utf-8", "surrogateescape"))
    with pytest.raises(DefinitionError) as raised:
        load_definition(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert message in re.sub(r" \(line \d+\): ", ": ", str(raised.value))
    assert "\n" not in str(raised.value)


def test_every_fault_is_told_with_its_line_those_of_emulation_too(folder: Path) -> None:
    path = folder / "server.toml"
    text = SOUND.replace('title = "Toy"', 'tile = "Toy"').replace('"TLSv1.0"', '"TLSv1.0", "TLSv9"')
    path.write_text(
        text + '[[levels.two.emulation.intolerance]]\nfeatures = ["extension-blok"]\nreaction = "rst"\n'
    )
    with pytest.raises(DefinitionError) as raised:
        load_definition(path)
    keys = [line.removeprefix(f"{path}: ").partition("):")[0] for line in raised.value.lines]
    assert keys == [
        "tile (line 3",
        "declared.versions[1] (line 10",
        "levels.two.emulation.intolerance[0].features[0] (line 29",
        "levels.two.emulation.intolerance[0].reaction (line 30",
    ]


def test_the_faults_of_all_files_are_told(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        text = SOUND.replace("toy", name) if name == "b" else "kind = 1\n"
        (tmp_path / name / "server.toml").write_text(text)
    with pytest.raises(DefinitionError) as raised:
        load_definitions([tmp_path])
    told = {line.partition(": ")[0] for line in raised.value.lines}
    assert told == {str(tmp_path / name / "server.toml") for name in ("a", "c")}


def test_what_is_wrong_in_emulation_alone_keeps_nobody_from_the_rest(folder: Path) -> None:
    """It is the matter of whoever plays that level (`matrix.plan`)."""
    path = folder / "server.toml"
    path.write_text(SOUND + "[levels.two.emulation]\npreferance = 1\n")
    assert load_definition(path).levels["two"].emulation == {"preferance": 1}


def test_a_users_directory_adds_to_the_bundled_ones(tmp_path: Path, folder: Path) -> None:
    (folder / "server.toml").write_text(SOUND)
    (tmp_path / "no-server-here").mkdir()
    assert set(load_definitions([tmp_path])) == {"toy", *load_definitions()}


def test_same_id_twice_is_an_error(tmp_path: Path) -> None:
    for directory in ("first", "second"):
        (tmp_path / directory / "toy").mkdir(parents=True)
        (tmp_path / directory / "toy" / "server.toml").write_text(SOUND)
    with pytest.raises(DefinitionError, match=r"'toy' is taken by .*first/toy/server.toml: choose another"):
        load_definitions([tmp_path / "first", tmp_path / "second"])


@pytest.mark.parametrize("name", ["empty", "missing"])
def test_directory_without_servers_is_an_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DefinitionError, match=rf"{name}: has no folder with a server.toml"):
        load_definitions([tmp_path / name])


def test_unreadable_file_is_an_error(folder: Path) -> None:
    (folder / "server.toml").mkdir()
    with pytest.raises(DefinitionError, match=r"cannot be read \(Is a directory\): check its name"):
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
