"""A program of the user's own in the place of the system's: what its path may be, how it stands in an id, and
that a copy of the system's program does what that does.
"""

import os
import shutil
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handshake.wire.registry import ProtocolVersion
from matrix.errors import SelectionError
from matrix.plan.servers import choose_variants
from servers.containers import start as containers
from servers.contract import PrivateKeyAndChain
from servers.definition import DefinitionError, load_definition, load_definitions
from servers.nss.serve import own_libraries
from servers.own_program import from_id, in_id
from servers.processes.start import NotInstalled, RunningServer, StartFailure, start_servers
from servers.variant import ServerIdError, ServerVariant, expand, parse_server_id
from tests.servers.offers import EVERYTHING, ask, hello_of
from tests.servers.real_servers import connect, read_all, strict_end

DEFINITIONS = load_definitions()
# The server, the system's program that it runs, and what gets that.
PROGRAMS = {
    "openssl-s_server": ("openssl", "openssl"),
    "gnutls": ("gnutls-serv", "gnutls-bin"),
    "nss": ("selfserv", "libnss3-tools"),
}


def variant_of(server: str, program: object, more: str = "") -> ServerVariant:
    return parse_server_id(f"{server}@system,program={program}{more}", DEFINITIONS)


@pytest.fixture(params=PROGRAMS)
def copied(request: pytest.FixtureRequest, tmp_path: Path) -> ServerVariant:
    """A server that runs a copy of the system's program, in a folder with odd characters in its name."""
    name, package = PROGRAMS[request.param]
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"there is no {name} program; get it with: apt-get install {package}")
    folder = tmp_path / "my, [own] 100%"
    folder.mkdir()
    return variant_of(request.param, in_id(shutil.copy(found, folder)))


def test_a_copy_works_like_the_systems(
    copied: ServerVariant, credentials: Mapping[str, PrivateKeyAndChain]
) -> None:
    systems = parse_server_id(f"{copied.definition.id}@system", DEFINITIONS)
    stacks, answers = [], []
    for variant in (copied, systems):
        with start_servers([variant], credentials, 20) as servers:
            server = servers[variant.id]
            assert isinstance(server, RunningServer), server
            stacks.append(server.stack)
            answer = ask(server, hello_of(ProtocolVersion.TLS_1_2, EVERYTHING))
            answers.append((answer.cipher_suite, answer.refusal))
            with connect(server) as plain, strict_end(plain) as tls:
                tls.sendall(b"GET / HTTP/1.0\r\n\r\n")
                assert b" 200 " in read_all(tls.recv)[:20].upper()
    assert stacks[0] == stacks[1]
    assert answers[0] == answers[1]


@pytest.mark.parametrize("server", PROGRAMS)
def test_it_is_the_users_program_that_runs(
    server: str, credentials: Mapping[str, PrivateKeyAndChain], tmp_path: Path
) -> None:
    """The negative control: with a program that is none, nothing serves, though the system's could."""
    program = tmp_path / "mine"
    program.write_text("#!/bin/sh\necho this is mine >&2\nexit 1\n")
    program.chmod(0o755)
    variant = variant_of(server, program)
    with start_servers([variant], credentials, 20) as servers:
        found = servers[variant.id]
    if isinstance(found, NotInstalled):
        pytest.skip(found.message)
    assert isinstance(found, StartFailure)
    assert "this is mine" in found.message


def test_what_the_kernel_cannot_execute_is_told(
    credentials: Mapping[str, PrivateKeyAndChain], tmp_path: Path
) -> None:
    program = tmp_path / "mine"
    program.write_bytes(b"\x7fELF and nothing else")
    program.chmod(0o755)
    variant = variant_of("openssl-s_server", program)
    with start_servers([variant], credentials, 20) as servers:
        found = servers[variant.id]
    assert isinstance(found, StartFailure)
    assert f"{program} cannot be executed (Exec format error): name a program that this" in found.message
    assert "Errno" not in found.message


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ("nothing", "does not exist: correct the path, or build it first"),
        ("folder", "is no file: name the program itself"),
        ("text", "cannot be executed by this user: chmod +x it, or name another program"),
        ("dangling", "does not exist"),
    ],
)
def test_a_path_that_is_no_program_is_told_in_a_sentence(tmp_path: Path, made: str, said: str) -> None:
    path = tmp_path / "mine"
    match made:
        case "folder":
            path.mkdir()
        case "text":
            path.write_text("no program")
        case "dangling":
            path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(ServerIdError) as raised:
        variant_of("gnutls", path)
    assert str(raised.value).startswith(f"gnutls@system,program={path}: {path} {said}")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("text", ["openssl", "./openssl", "../there/openssl"])
def test_a_path_must_be_whole(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "openssl").touch()
    monkeypatch.chdir(tmp_path / "there")
    with pytest.raises(ServerIdError) as raised:
        variant_of("openssl-s_server", text)
    assert f"is no whole path: write program={tmp_path / 'there' / 'openssl'}" in str(raised.value)


def test_no_path_is_advised_that_does_not_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ServerIdError) as raised:
        variant_of("openssl-s_server", "sh")
    found = shutil.which("sh")
    assert str(raised.value).endswith(
        f"program=sh is no whole path: `command -v sh` finds {found}: write program={found}"
    )
    for name in ("no-such-program", "./no-such-program", ""):
        with pytest.raises(ServerIdError, match="is no whole path: write program=/PATH/OF/THE/PROGRAM"):
            variant_of("openssl-s_server", name)


@pytest.mark.parametrize("more", ["b", "b=c", "b/openssl"])
def test_how_a_comma_is_written_is_said(more: str) -> None:
    with pytest.raises(ServerIdError, match=f"if this one is of the path, write program=/opt/a%2C{more}"):
        variant_of("openssl-s_server", f"/opt/a,{more}")
    with pytest.raises(ServerIdError, match="/opt/a does not exist"):
        variant_of("openssl-s_server", "/opt/a,renegotiation=off")


def test_how_the_signs_of_patterns_are_written_is_said() -> None:
    with pytest.raises(SelectionError) as raised:
        choose_variants(["openssl-s_server@system,program=/opt/a*[b]"], DEFINITIONS)
    assert str(raised.value).endswith("write program=/opt/a%2A%5Bb%5D")
    with pytest.raises(SelectionError) as raised:
        choose_variants(["openssl-s_server@*,nothing=*"], DEFINITIONS)
    assert "path of a program" not in str(raised.value)


@pytest.mark.long(but=["nss"])
@pytest.mark.parametrize("server", PROGRAMS)
def test_a_program_that_hangs_is_named(
    server: str, credentials: Mapping[str, PrivateKeyAndChain], tmp_path: Path
) -> None:
    """Its child holds its output open, and is ended with it."""
    program, left = tmp_path / "mine", tmp_path / "left"
    program.write_text(f"#!/bin/sh\nsleep 60 &\necho $! > {left}\nwait\n")
    program.chmod(0o755)
    variant = variant_of(server, program)
    with start_servers([variant], credentials, 9) as servers:
        found = servers[variant.id]
    if isinstance(found, NotInstalled):
        pytest.skip(found.message)
    assert isinstance(found, StartFailure)
    assert str(program) in found.message
    if server != "nss":  # which is not asked for its version
        stat = Path(f"/proc/{left.read_text().strip()}/stat")
        assert not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"


def test_what_is_no_text_is_no_path() -> None:
    with pytest.raises(ServerIdError, match="is no path of this system: correct it"):
        variant_of("gnutls", "/opt/\ud800")
    with pytest.raises(ServerIdError, match="does not exist"):
        variant_of("gnutls", "/opt/%00")


def test_one_program_has_one_id(tmp_path: Path) -> None:
    program = tmp_path / "mine"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    found = variant_of("gnutls", tmp_path / "x" / ".." / "mine", ",configuration=legacy")
    assert found.id == f"gnutls@system,configuration=legacy,program={program}"
    assert parse_server_id(found.id, DEFINITIONS) == found
    assert variant_of("gnutls", "system").id == "gnutls@system"


@given(st.binary(min_size=1).map(os.fsdecode))
def test_a_path_in_an_id_reads_back_and_means_nothing_else(path: str) -> None:
    assert from_id(in_id(path)) == path
    assert not set(in_id(path)) & set(",*?[]\n")


def test_a_path_of_letters_stands_as_it_is() -> None:
    assert in_id("/opt/My build-1.0_x/bin/é+~@=") == "/opt/My build-1.0_x/bin/é+~@="
    assert in_id("/opt/a,b%[c]") == "/opt/a%2Cb%25%5Bc%5D"
    assert from_id(in_id(os.fsdecode(b"/opt/\xff"))) == os.fsdecode(b"/opt/\xff")


def test_nothing_is_declared_by_a_path_and_it_is_in_no_list() -> None:
    for server in PROGRAMS:
        assert not [variant.id for variant in expand(DEFINITIONS[server]) if "program=" in variant.id]
    plain = parse_server_id("gnutls@system", DEFINITIONS)
    assert plain.own_program is None
    assert not plain.is_only_observed


def test_a_build_of_nss_has_its_libraries_beside_it(tmp_path: Path) -> None:
    program = tmp_path / "dist" / "bin" / "selfserv"
    assert own_libraries(program) is None, "a copy of the program alone"
    libraries = tmp_path / "dist" / "lib"
    libraries.mkdir(parents=True)
    (libraries / "libnss3.so").touch()
    assert own_libraries(program) == libraries
    assert own_libraries(Path("/usr/bin/selfserv")) is None


def test_a_container_does_not_have_it(
    copied: ServerVariant,
    credentials: Mapping[str, PrivateKeyAndChain],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(containers, "engine", nullcontext)
    monkeypatch.setattr(containers, "remove_abandoned", lambda _: None)
    with containers.start_servers([copied], credentials) as servers:
        found = servers[copied.id]
    assert isinstance(found, NotInstalled)
    assert found.message.startswith("a container does not have /")
    assert found.message.endswith("of this machine: run it with --backend process")


def test_a_toggle_with_one_value_is_an_error_unless_it_takes_programs(tmp_path: Path) -> None:
    folder = tmp_path / "gnutls"
    shutil.copytree(DEFINITIONS["gnutls"].folder, folder)
    file = folder / "server.toml"
    assert load_definition(file).toggles["program"].values == ["system"]
    text = file.read_text().replace("program = true", 'values = ["system"]\ndefault = "system"')
    file.write_text(text)
    with pytest.raises(DefinitionError, match="has one value: add another, or drop the toggle"):
        load_definition(file)
