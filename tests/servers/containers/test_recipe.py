"""What an image is made of, and which changes make it another."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from servers.containers.packages import LOCK_FILE, PACKAGES, locked
from servers.containers.recipe import DOCKERFILE, Recipe, recipe, recipes
from servers.definition import load_definition, load_definitions
from servers.variant import ServerVariant

PYTHON, MACHINE = "cp311", "x86_64"
AddServer = Callable[..., ServerVariant]


def digest(made: Recipe) -> str:
    return made.digest(PYTHON, MACHINE)


@pytest.fixture
def toy(add_server: AddServer) -> Callable[[], Recipe]:
    folder = add_server("print('hello')").definition.folder
    return lambda: recipe(load_definition(folder / "server.toml"), "a")


def toy_folder(toy: Callable[[], Recipe]) -> Path:
    return toy().files["servers/toy/serve.py"].parent


def test_a_recipe_has_the_program_and_what_it_imports(toy: Callable[[], Recipe]) -> None:
    made = toy()
    assert (made.id, made.tag, made.arguments["PROGRAM"]) == (
        "toy@a",
        "tls-matrix/toy:a",
        "servers/toy/serve.py",
    )
    assert {"servers/contract.py", "servers/containers/entry.py", "handshake/events.py"} <= made.files.keys()
    assert {"definitions/document.py", "definitions/reading.py"} <= made.files.keys()
    assert "servers/toy/server.toml" not in made.files
    assert not [
        path for path in made.files if path.startswith(("servers/jsse/", "servers/openssl/", "matrix/"))
    ]


def test_all_emulated_servers_are_one_image() -> None:
    definitions = load_definitions()
    made = {each.id: digest(each) for each in recipes(definitions.values())}
    emulated = [each for each in made if definitions[each.partition("@")[0]].kind == "emulated"]
    assert len({made[each] for each in emulated}) == 1 < len(emulated)
    # The levels of a real server are images of their own where they have stacks of their own.
    real = {
        (definition.id, *level.stacks) if level.stacks else (definition.id, name)
        for definition in definitions.values()
        if definition.kind == "real"
        for name, level in definition.levels.items()
    }
    assert len(set(made.values())) == len(real) + 1


def test_every_server_can_be_had_in_a_container() -> None:
    definitions = load_definitions()
    levels = {f"{each.id}@{level}" for each in definitions.values() for level in each.levels}
    assert {each.id for each in recipes(definitions.values())} == levels


@pytest.mark.parametrize("name", ["serve.py", "data.bin", "Dockerfile"])
def test_a_changed_file_makes_it_another(toy: Callable[[], Recipe], name: str) -> None:
    before = digest(toy())
    (toy_folder(toy) / name).write_text("changed")
    assert digest(toy()) != before


def test_what_does_not_go_into_an_image_does_not_change_it(toy: Callable[[], Recipe]) -> None:
    before, folder = digest(toy()), toy_folder(toy)
    (folder / "README.md").write_text("words")
    (folder / "server.toml").write_text((folder / "server.toml").read_text() + "# a remark\n")
    os.utime(folder / "serve.py", (1, 1))
    assert digest(toy()) == before


def test_another_python_or_machine_makes_it_another(toy: Callable[[], Recipe]) -> None:
    made = toy()
    assert (
        len({made.digest("cp311", "x86_64"), made.digest("cp312", "x86_64"), made.digest("cp311", "aarch64")})
        == 3
    )


def test_stacks_are_part_of_it() -> None:
    definition = load_definitions()["jsse"]
    made = {level: recipe(definition, level) for level in definition.levels}
    assert made["17"].stacks == ("jpype", "jsse-17")
    assert len({digest(each) for each in made.values()}) == len(made)


def test_a_server_may_bring_a_dockerfile_of_its_own(toy: Callable[[], Recipe]) -> None:
    assert toy().dockerfile == DOCKERFILE
    own = toy_folder(toy) / "Dockerfile"
    own.write_text("FROM scratch\n")
    assert toy().dockerfile == own


def test_the_packages_are_pinned_as_the_program_s_own() -> None:
    entries = locked().split("\n")
    names = [line.partition("==")[0] for line in entries if "==" in line]
    assert names == list(PACKAGES)
    assert all(
        re.fullmatch(r"[a-z0-9-]+==\S+ \\| +--hash=sha256:[0-9a-f]{64}( \\)?|", line) for line in entries
    )
    assert set(entries) - {""} <= set(LOCK_FILE.read_text().split("\n"))
