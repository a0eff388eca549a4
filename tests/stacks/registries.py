"""Registries of the tests' own: a folder of wheels that pip looks into, a loopback server that npm asks."""

import base64
import hashlib
import http.server
import io
import json
import os
import shutil
import stat
import sysconfig
import tarfile
import threading
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from stacks.catalogue import Stack, StackFile

PROGRAM = b"#!/bin/sh\n"
HALT_SECONDS = 60.0


def folder_of_wheels(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make an empty folder for wheels, and let pip find nothing anywhere else."""
    index = folder / "index"
    index.mkdir()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return index


def wheel(folder: Path, name: str = "toystack", version: str = "1.0") -> StackFile:
    """Put a wheel with a program in it into a folder, and pin it."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}-{version}.dist-info/METADATA", metadata)
        archive.writestr(f"{name}-{version}.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{name}-{version}.dist-info/RECORD", "")
        program = zipfile.ZipInfo(f"{name}/bin/run")
        program.external_attr = (stat.S_IFREG | 0o4755) << 16
        archive.writestr(program, PROGRAM)
    return pinned("pypi", name, version, path.name, path.read_bytes())


def source_distribution(folder: Path, checks: str = "") -> StackFile:
    """Put a source distribution, which pip must ask for its metadata, into a folder, and pin it.

    `checks` is Python that runs then.
    """
    name, version = "toysource", "1.0"
    top = f"{name}-{version}"
    call = f"setup(name={name!r}, version={version!r}, packages=[{name!r}])"
    setup = f"{checks}\nfrom setuptools import setup\n{call}\n"
    content = tarball({f"{top}/setup.py": setup.encode(), f"{top}/{name}/__init__.py": b""})
    (folder / f"{top}.tar.gz").write_bytes(content)
    return pinned("pypi", name, version, f"{top}.tar.gz", content)


def tarball(members: dict[str, bytes], *, mode: int = 0o644, others: Iterable[tarfile.TarInfo] = ()) -> bytes:
    """A gzipped tar archive of plain files, and of other members that have no content."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), mode
            archive.addfile(member, io.BytesIO(data))
        for member in others:
            archive.addfile(member)
    return content.getvalue()


def pinned(registry: str, distribution: str, version: str, name: str, content: bytes) -> StackFile:
    """Pin a file by its content."""
    digest = hashlib.sha256(content).hexdigest()
    return StackFile(registry, distribution, version, name, len(content), digest)


def stack_of(*files: StackFile, identity: str = "toy", platform: str = "") -> Stack:
    """A stack of files, for this platform unless another is named."""
    return Stack(identity, "Toy 1.0", "a test", platform or sysconfig.get_platform(), files)


class NpmRegistry:
    """Serves the document and the tarball of each package that is published; notes what is asked for.

    `sends` is how many bytes of a tarball are sent, None for all; where it `halts` the others come once
    `go_on` is set.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[str] = []
        self.sends: int | None = None
        self.halts = False
        self.go_on = threading.Event()
        self.halted = threading.Event()
        self.waited_in_vain = False
        self._published: dict[str, bytes] = {}

    def publish(self, name: str, version: str, content: bytes) -> StackFile:
        """Publish a tarball, and pin it."""
        file = f"{name}-{version}.tgz"
        integrity = f"sha512-{base64.b64encode(hashlib.sha512(content).digest()).decode()}"
        dist = {"tarball": f"{self.url}/{name}/-/{file}", "integrity": integrity}
        versions = {version: {"name": name, "version": version, "dist": dist}}
        document = {"name": name, "dist-tags": {"latest": version}, "versions": versions}
        self._published[f"/{name}"] = json.dumps(document).encode()
        self._published[f"/{name}/-/{file}"] = content
        return pinned("npm", name, version, file, content)

    def answer(self, path: str) -> bytes | None:
        """What there is at a path."""
        self.asked.append(path)
        return self._published.get(path)


@contextmanager
def npm_registry(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NpmRegistry]:
    """Serve an empty registry on loopback, and let npm ask no other; its configuration is in a folder."""
    if shutil.which("npm") is None:
        pytest.skip("there is no npm program; get it with: apt-get install npm")
    for name in [name for name in os.environ if name.lower().startswith("npm_config_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("npm_config_userconfig", str(folder / "npmrc"))
    monkeypatch.setenv("npm_config_globalconfig", str(folder / "global-npmrc"))
    monkeypatch.setenv("npm_config_fetch_retries", "0")

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = registry.answer(self.path)
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            limit = registry.sends if self.path.endswith(".tgz") else None
            with suppress(ConnectionError):  # npm was killed, or has had enough
                self.wfile.write((content or b"")[:limit])
                if limit is not None and registry.halts:
                    registry.halted.set()
                    registry.waited_in_vain |= not registry.go_on.wait(HALT_SECONDS)
                    self.wfile.write((content or b"")[limit:])

        def log_message(self, *_arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        registry = NpmRegistry(f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("npm_config_registry", registry.url)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield registry
        finally:
            registry.go_on.set()
            server.shutdown()
