"""Settings tried on the programs that have them: the setting, applied to the hello that a program sends of
its own accord, gives the hello that it sends when it is told so.
"""

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from clients.setting import bundled_settings
from handshake.features import FirstFlight, differences, flight_of, recorded_flight, template_of
from handshake.wire.record import FirstRecord, RecordReader
from tests.clients.genuine_programs import PROGRAMS

SETTINGS = bundled_settings()
WAIT_SECONDS = 60.0
S_CLIENT = "openssl-3.0"
JAVA = ("java-17.0.9", "java-21", "java-25")
NAME = ("-servername", "webmethods.example.test")
SNI = ("--sni-hostname", "webmethods.example.test")
# Setting -> the arguments that make it.
OPENSSL = {
    "openssl-no-session_ticket": ("-no_ticket",),
    "openssl-no-server_name": ("-noservername",),
    "openssl-no-ecc": ("-cipher", "DEFAULT:!kECDHE:!kECDH:!aECDSA", "-no_tls1_3"),
    "openssl-tlsv1.2-at-most": ("-no_tls1_3",),
    "openssl-no-encrypt_then_mac": ("-no_etm",),
}
GNUTLS = {
    "gnutls-no-extensions": ("--priority", "NORMAL:-VERS-TLS1.3:%NO_EXTENSIONS"),
    "gnutls-no-session_ticket": ("--priority", "NORMAL:%NO_TICKETS"),
    "gnutls-no-extended_master_secret": ("--priority", "NORMAL:%NO_SESSION_HASH"),
    "gnutls-no-encrypt_then_mac": ("--priority", "NORMAL:%NO_ETM"),
    "gnutls-no-server_name": ("--disable-sni",),
    "gnutls-tlsv1.2-at-most": ("--priority", "NORMAL:-VERS-TLS1.3"),
}
JSSE = [
    "jsse-no-server_name",
    "jsse-tlsv1.2-at-most",
    "jsse-named-groups",
    "jsse-no-session_ticket",
    "jsse-no-extended_master_secret",
    "jsse-no-status_request",
    "jsse-no-ec_point_formats",
    "jsse-no-signature_algorithms_cert",
]


def sent(client: str, folder: Path, more: tuple[str, ...] = (), without: tuple[str, ...] = ()) -> FirstFlight:
    """The first flight of a program that is started with more arguments, or with fewer."""
    program = PROGRAMS[client]
    program.skip_where_it_is_not()
    command = [part for part in program.command if part not in without]
    if client.startswith("gnutls"):  # the host is its last argument
        command[-1:-1] = more
    else:
        command += more
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(WAIT_SECONDS)
        port = listener.getsockname()[1]
        with (
            replace(program, command=tuple(command)).running(port, folder),
            listener.accept()[0] as connection,
        ):
            connection.settimeout(WAIT_SECONDS)
            return recorded_flight(_first_record(connection))


def _first_record(connection: socket.socket) -> bytes:
    raw = b""
    reader = RecordReader(FirstRecord.SSLV2_OR_TLS)
    while chunk := connection.recv(65536):
        raw += chunk
        reader.feed(chunk)
        if reader.next() is not None:
            break
    return raw


def assert_is_so(setting: str, plain: FirstFlight, told: FirstFlight) -> None:
    """What the setting makes of the plain hello is what the program sends."""
    changed = SETTINGS[setting].changed(template_of(plain))
    assert changed is not None, "the setting changes nothing"
    assert [feature.name for feature in differences(flight_of(changed), told)] == []


@pytest.mark.parametrize("setting", OPENSSL)
def test_openssl(setting: str, tmp_path: Path) -> None:
    left_out = NAME if setting == "openssl-no-server_name" else ()
    assert_is_so(setting, sent(S_CLIENT, tmp_path), sent(S_CLIENT, tmp_path, OPENSSL[setting], left_out))


@pytest.mark.parametrize("setting", GNUTLS)
def test_gnutls(setting: str, tmp_path: Path) -> None:
    left_out = SNI if setting == "gnutls-no-server_name" else ()
    assert_is_so(
        setting, sent("gnutls-3.7", tmp_path), sent("gnutls-3.7", tmp_path, GNUTLS[setting], left_out)
    )


@pytest.mark.long
@pytest.mark.parametrize("client", JAVA)
def test_jsse(client: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = sent(client, tmp_path)
    for setting in JSSE:
        monkeypatch.setenv("JAVA_TOOL_OPTIONS", SETTINGS[setting].how)
        assert_is_so(setting, plain, sent(client, tmp_path))


def test_a_program_that_is_not_told_so_is_found_out(tmp_path: Path) -> None:
    plain = sent(S_CLIENT, tmp_path)
    with pytest.raises(AssertionError, match="session_ticket"):
        assert_is_so("openssl-no-session_ticket", plain, plain)


def test_what_is_called_measured_is_tried_here() -> None:
    tried = {*OPENSSL, *GNUTLS, *JSSE}
    assert {each.id for each in SETTINGS.values() if "measured on" in each.source} == tried
