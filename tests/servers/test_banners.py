"""What programs say of themselves: every form their sources have, and what is none of them."""

import importlib.util
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from matrix.results.environment import library_version
from servers.definition import BUNDLED_SERVERS
from servers.gnutls.serve import stack_of as gnutls
from servers.nginx.serve import stack_of as nginx
from servers.nss import serve as nss
from servers.stunnel.serve import stack_of as stunnel
from servers.system.banner import MAX_CHARACTERS, banner
from servers.system.command import find_program

NGINX = "nginx version: {}\nbuilt with {}\nTLS SNI support enabled\nconfigure arguments: --with-cc-opt='-g'\n"
STUNNEL = (
    "Initializing inetd mode configuration\nstunnel 5.68 on x86_64-pc-linux-gnu platform\n{}\nThreading\n"
)
CURRENT = "OpenSSL 3.0.22 25 Aug 2026"
OLDER = "OpenSSL 3.0.19 27 Jan 2026"


def s_server(said: str) -> str:
    """The name that the program beside openssl-s_server's server.toml makes; its folder is no package."""
    folder = BUNDLED_SERVERS / "openssl-s_server"
    specification = importlib.util.spec_from_file_location("s_server", folder / "serve.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.path.insert(0, str(folder))
    try:
        specification.loader.exec_module(module)
    finally:
        sys.path.remove(str(folder))
        sys.modules.pop("view", None)
    return str(module.stack_of(said))


@pytest.mark.parametrize(
    ("name", "said", "expected"),
    [
        (nginx, NGINX.format("nginx/1.22.1", CURRENT), "nginx 1.22.1, OpenSSL 3.0.22"),
        (
            nginx,
            NGINX.format("nginx/1.22.1", f"{CURRENT} (running with {OLDER})"),
            "nginx 1.22.1, OpenSSL 3.0.19",
        ),
        (nginx, NGINX.format("nginx/1.24.0 (Ubuntu)", CURRENT), "nginx 1.24.0, OpenSSL 3.0.22"),
        (nginx, NGINX.format("openresty/1.25.3.1", "LibreSSL 3.8.2"), "openresty 1.25.3.1, LibreSSL 3.8.2"),
        (
            stunnel,
            STUNNEL.format(f"Compiled with OpenSSL 3.0.9 30 May 2023\nRunning  with {OLDER}"),
            "stunnel 5.68, OpenSSL 3.0.19",
        ),
        (stunnel, STUNNEL.format(f"Compiled/running with {CURRENT}"), "stunnel 5.68, OpenSSL 3.0.22"),
        (gnutls, "gnutls-serv 3.7.9\nCopyright (C) 2000-2021\n", "GnuTLS 3.7.9 (gnutls-serv)"),
        (s_server, f"{CURRENT} (Library: {CURRENT})\n", f"{CURRENT} (s_server)"),
        (s_server, f"{CURRENT} (Library: {OLDER})\n", f"{OLDER} (s_server)"),
        (s_server, "OpenSSL 1.1.1w  11 Sep 2023\n", "OpenSSL 1.1.1w  11 Sep 2023 (s_server)"),
        (library_version, CURRENT, "3.0.22"),
    ],
)
def test_a_banner_names_what_runs(name: Callable[[str], str], said: str, expected: str) -> None:
    assert name(said) == expected


UNKNOWN = {
    nginx: "nginx version: nginx/1.22.1\nconfigure arguments: --without-ssl\n",
    stunnel: "stunnel, a later one\nRunning with OpenSSL 9\n",
    gnutls: "gnutls-serv (GnuTLS) 2.8.6\n",
    s_server: "LibreSSL 3.8.2\n",
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_banner_of_another_form_is_said_as_it_is(name: Callable[[str], str]) -> None:
    said = UNKNOWN[name]
    assert name(said) == "; ".join(said.splitlines())
    assert name("\n") == "a program that does not say its version"
    assert name("x" * 1000) == "x" * MAX_CHARACTERS + " ..."


def test_a_library_that_is_not_openssl_is_said_as_it_is() -> None:
    assert library_version("BoringSSL") == "BoringSSL"


def test_a_library_that_cannot_be_asked_is_of_an_unknown_version() -> None:
    assert re.fullmatch(r"NSS (\d\S*|of an unknown version).* \(selfserv\)", nss.stack())
    assert nss.stack("libnss-of-nobody.so") == "NSS of an unknown version (selfserv)"


INSTALLED = {
    nginx: ("nginx", "-V", "nginx-light", r"nginx [\d.]+, OpenSSL [\d.]+"),
    stunnel: ("stunnel4", "-version", "stunnel4", r"stunnel [\d.]+, OpenSSL [\d.]+"),
    gnutls: ("gnutls-serv", "--version", "gnutls-bin", r"GnuTLS [\d.]+ \(gnutls-serv\)"),
    s_server: ("openssl", "version", "openssl", r"OpenSSL [\d.]+ \d+ \w+ \d+ \(s_server\)"),
}


@pytest.mark.parametrize("name", INSTALLED)
def test_what_is_installed_is_understood(name: Callable[[str], str]) -> None:
    program, option, package, expected = INSTALLED[name]
    path = find_program(program)
    if path is None:
        pytest.skip(f"there is no {program} program; get it with: apt-get install {package}")
    assert re.fullmatch(expected, name(banner([path, option], {"OPENSSL_CONF": "/dev/null"})))


def test_a_program_that_fails_has_said_something_all_the_same(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_bytes(b"#!/bin/sh\nprintf 'out\\377\\n'\necho err >&2\nexit 3\n")
    program.chmod(0o755)
    assert banner([str(program)], dict(os.environ)) == "out\\xff\nerr\n"


DEBIANS_PATCH = re.compile(r"\b3\.0\.\d+\b|deb12u\d")
OF_DEBIAN = ("nginx", "stunnel", "openssl-s_server", "gnutls", "nss")


@pytest.mark.parametrize("server", OF_DEBIAN)
def test_no_definition_depends_on_a_patch_version_of_debian(server: str) -> None:
    root = BUNDLED_SERVERS.parent
    files = [BUNDLED_SERVERS / server / "server.toml", root / "matrix" / "expectations" / f"{server}.toml"]
    for file in files:
        if file.is_file():
            assert not DEBIANS_PATCH.search(file.read_text(encoding="utf-8")), file
