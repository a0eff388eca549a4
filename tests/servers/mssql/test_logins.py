"""SQL Server as it is emulated, met by FreeTDS, and what a definition may set of its protocol."""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from clients.connect import connect as connect_as
from clients.destination import Destination
from clients.profile import load_profiles
from clients.starttls import StartTls
from servers.credentials import SUBJECT
from servers.definition import DefinitionError, load_definition, load_definitions
from servers.running import RunningServer
from servers.variant import parse_server_id
from tests.servers.emulated.starttls_servers import DEFINITION
from tests.servers.started import Variants

PROFILES = load_profiles()
TDS_VERSIONS = ("7.1", "7.2", "7.3", "7.4")
LEVELS = tuple(load_definitions()["mssql"].levels)
OF_TLS_1_0 = ("2008-r2", "2012", "2014")
TIMEOUT = 30


@pytest.fixture
def tsql(tmp_path: Path) -> Callable[[RunningServer, str], str]:
    """What FreeTDS's program says of a server in a version of TDS; OpenSSL's security level is 0."""
    program = shutil.which("tsql")
    if program is None:
        pytest.skip("there is no tsql program; get it with: apt-get install freetds-bin")

    def ask(server: RunningServer, version: str) -> str:
        configuration = tmp_path / "freetds.conf"
        configuration.write_text(
            f"[mine]\nhost = {server.host}\nport = {server.port}\ntds version = {version}\n"
            "encryption = require\nopenssl ciphers = DEFAULT:@SECLEVEL=0\n"
        )
        done = subprocess.run(
            [program, "-S", "mine", "-U", "somebody", "-P", "secret"],
            input="select 1\ngo\nexit\n",
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            env={**os.environ, "LC_ALL": "C", "FREETDSCONF": str(configuration)},
        )
        return done.stdout + done.stderr

    return ask


@pytest.mark.parametrize("version", TDS_VERSIONS)
def test_freetds_is_refused_with_error_18456(
    variants: Variants, tsql: Callable[[RunningServer, str], str], version: str
) -> None:
    said = tsql(variants.start("mssql@2022"), version)
    assert "Msg 18456 (severity 14, state 1)" in said
    assert "Login failed for user 'somebody'." in said


@pytest.mark.parametrize("version", TDS_VERSIONS)
def test_freetds_is_let_in_where_logins_are_accepted(
    variants: Variants, tsql: Callable[[RunningServer, str], str], version: str
) -> None:
    said = tsql(variants.start("mssql@2022,login=ok"), version)
    assert "18456" not in said
    assert "Msg 50000" in said, "it is let in, and has no data"


@pytest.mark.long(but=["2022", "2012-kb3135244"])
@pytest.mark.parametrize("level", LEVELS)
def test_a_level_speaks_the_versions_of_its_time(variants: Variants, level: str) -> None:
    server_id = f"mssql@{level}"
    server = variants.start(server_id)
    destination = Destination(server.host, server.port, SUBJECT, StartTls("tds", SUBJECT))
    attempt = connect_as(PROFILES["openssl-1.0.1"].player, destination, deadline_seconds=5).attempts[-1]
    assert attempt.failure is None
    assert attempt.client_port is not None
    seen = variants.seen(server_id, attempt.client_port)
    assert seen.version == ("TLSv1.0" if level in OF_TLS_1_0 else "TLSv1.2")
    assert (seen.alert_sent, seen.reason) == (None, None)


def test_what_comes_inside_tls_and_is_no_login_is_told(variants: Variants) -> None:
    server_id = "mssql@2022"
    server = variants.start(server_id)
    destination = Destination(server.host, server.port, SUBJECT, StartTls("tds", SUBJECT))
    for request, reason in (
        (b"GET / HTTP/1.0\r\n\r\n", "more than 65536 bytes came"),
        (b"\x01\x01\x00\x08\x00\x00\x01\x00", "what came first in TLS is no LOGIN7"),
        (b"\x10\x01\x00\x09\x00\x00\x01\x00\x00", "the LOGIN7 breaks off in its fixed part"),
    ):
        observation = connect_as(
            PROFILES["openssl-1.0.1"].player, destination, deadline_seconds=1, request=request
        )
        (attempt,) = observation.attempts
        assert attempt.failure is not None, "no answer is no success"
        if reason.startswith("more"):
            assert str(attempt.failure) == "application-data:timeout", "half of a packet is waited for"
            continue
        assert attempt.client_port is not None
        assert variants.seen(server_id, attempt.client_port).reason == reason


def test_a_setting_that_a_protocol_does_not_have_is_named(tmp_path: Path) -> None:
    (tmp_path / "my-tds").mkdir()
    path = tmp_path / "my-tds" / "server.toml"
    path.write_text(DEFINITION.format(protocol="tds", declared="") + '\n[levels.a.protocol]\nlogins = "ok"\n')
    with pytest.raises(DefinitionError, match=r"levels\.a\.protocol\.logins.*did you mean login\?"):
        load_definition(path)
    path.write_text(DEFINITION.format(protocol="tds", declared="") + '\n[levels.a.protocol]\nlogin = "ok"\n')
    assert load_definition(path).protocol_at("a", {}) == {"login": "ok"}


def test_settings_are_laid_on_top_of_each_other() -> None:
    definitions = load_definitions()
    variant = parse_server_id("mssql@2014-kb3135244,login=ok", definitions)
    told: Mapping[str, str] = variant.configuration({}, {}, "127.0.0.1").protocol
    assert told == {"product_version": "12.0.4439", "tds_version": "7.4", "login": "ok"}
    assert parse_server_id("openssl@4.0.3", definitions).configuration({}, {}, "127.0.0.1").protocol == {}
