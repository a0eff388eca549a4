"""`images build` and `run --backend docker`, as a user starts them, with whatever engine there is."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from servers.containers.base import BASE_TAG
from servers.containers.build import find_image
from servers.containers.engine import EngineError, engine
from tests.matrix.test_run import tls_matrix, verdicts

SERVERS = ("jsse6@6u45", "webmethods-8.0.1@core-fix-19", "tlslite@0.8.2", "openssl@4.0.3")


@pytest.fixture(scope="module")
def images() -> None:
    """The servers' images, built by the command; skips without an engine or a base image."""
    try:
        with engine() as client:
            if find_image(client, BASE_TAG) is None:
                pytest.skip("the engine has no base image; make it with: ./tls-matrix images build")
    except EngineError as error:
        pytest.skip(str(error))
    built = tls_matrix("images", "build", *SERVERS)
    assert built.returncode == 0, built.stderr


@pytest.mark.long
@pytest.mark.usefixtures("images")
def test_what_is_built_is_not_built_again() -> None:
    again = tls_matrix("images", "build", *SERVERS)
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")


@pytest.mark.long
@pytest.mark.usefixtures("images")
def test_both_backends_give_the_same_outcomes_and_reasons(tmp_path: Path) -> None:
    chosen = [argument for server in SERVERS for argument in ("--server", server)]
    for backend in ("process", "docker"):
        done = tls_matrix("run", "--backend", backend, *chosen, "--out", tmp_path / backend)
        assert done.returncode == 0, done.stdout
    compared = tls_matrix("compare", tmp_path / "process", tmp_path / "docker")
    cells = json.loads((tmp_path / "docker" / "run.json").read_text())["cells"]
    assert len(cells) >= 80
    assert f"No regression: {len(cells)} unchanged." in compared.stdout
    views = {backend: server_views(tmp_path / backend) for backend in ("process", "docker")}
    assert views["docker"] == views["process"]
    assert any(view is not None for seen in views["docker"].values() for view in seen)
    servers = json.loads((tmp_path / "docker" / "run.json").read_text())["servers"]
    assert {server["backend"] for server in servers.values()} == {"docker"}


def server_views(run: Path) -> dict[str, list[object]]:
    """What the servers said of each connection of each cell that is no plain pass."""
    return {
        path.relative_to(run).as_posix(): list(_values(json.loads(path.read_text()), "server_view"))
        for path in run.glob("evidence/**/*.json")
    }


def _values(content: object, key: str) -> Iterator[object]:
    if isinstance(content, dict):
        if key in content:
            yield content[key]
        for value in content.values():
            yield from _values(value, key)
    elif isinstance(content, list):
        for value in content:
            yield from _values(value, key)


def test_without_an_engine_every_cell_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(os.environ, "DOCKER_HOST", "unix:///nowhere.sock")
    done = tls_matrix("run", "--backend", "docker", "--server", SERVERS[0], "--out", tmp_path / "run")
    assert done.returncode == 3
    assert set(verdicts(tmp_path / "run").values()) == {"harness_error"}
    assert "no container engine answers at unix:///nowhere.sock" in done.stdout


def test_images_build_without_an_engine_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "DOCKER_HOST", "unix:///nowhere.sock")
    done = tls_matrix("images", "build")
    assert done.returncode == 3
    assert done.stderr.startswith("tls-matrix: no container engine answers at unix:///nowhere.sock: ")
    assert done.stderr.count("\n") == 1


def test_images_build_of_what_does_not_exist() -> None:
    done = tls_matrix("images", "build", "tlslite@9")
    assert done.returncode == 2
    assert "tlslite@0.8.2" in done.stderr


@pytest.mark.long
def test_the_bill_of_the_program_needs_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "DOCKER_HOST", "unix:///nowhere.sock")
    done = tls_matrix("images", "sbom")
    assert (done.returncode, done.stderr) == (0, "")
    bill = json.loads(done.stdout)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"]["component"]["name"] == "tls-interop-matrix"
    without = tls_matrix("images", "sbom", "tool")
    assert (without.returncode, without.stdout) == (3, "")
    assert without.stderr.startswith("tls-matrix: no container engine answers at unix:///nowhere.sock: ")


@pytest.mark.long
@pytest.mark.usefixtures("images")
def test_the_bill_of_an_image_that_is_built() -> None:
    done = tls_matrix("images", "sbom", "tlslite@0.8.2")
    assert done.returncode == 0, done.stderr
    bill = json.loads(done.stdout)
    assert bill["metadata"]["component"]["name"] == "tls-matrix/tlslite:0.8.2"
    assert {"libc6", "tlslite-ng", "tls-interop-matrix"} <= {each["name"] for each in bill["components"]}


@pytest.mark.long
def test_a_bill_of_what_does_not_exist_or_is_several() -> None:
    for wanted, said in (("tlslite@9", "tlslite@0.8.2"), ("openssl@*", "name one of them")):
        done = tls_matrix("images", "sbom", wanted)
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr
