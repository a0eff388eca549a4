"""The hello of every genuine program that is here against that of the profile that plays it: where a program
was updated, its profile is out of date, and the test says what differs.
"""

import os

import pytest
from msgspec.structs import replace

from clients.destination import Destination
from clients.genuine.program import Program
from clients.genuine.programs import load_programs
from clients.genuine.visit import visit
from clients.profile import load_profiles
from clients.recorded import RecordedHello
from handshake.client.hello import fill_hello
from handshake.features import differences, flight_of, recorded_flight
from handshake.hello_template import HelloTemplate
from matrix.results.played import stands_for
from servers.credentials import SUBJECT
from tests.clients.servers import scripted_server, sends

PROFILES = load_profiles()
PROGRAMS = load_programs()
PLAYED = {client: profile.plays for client, profile in PROFILES.items() if profile.plays is not None}
MOST_CONNECTIONS = 16
SECONDS = 20.0


def drift(wire: bytes, template: HelloTemplate) -> str:
    """What in a program's hello is not as its profile has it, everything that is drawn put aside."""
    theirs = RecordedHello(
        name="",
        source="",
        kind="captured",
        confidence="",
        server_name=SUBJECT,
        mutable=(),
        drawn=("grease",),
        wire=wire.hex(),
    )
    found = theirs.differences(template, fill_hello(template, SUBJECT, os.urandom).wire)
    if not found.offsets:
        return ""
    ours, genuine = flight_of(template, SUBJECT), recorded_flight(wire)
    features = [
        f"{'only the profile' if each.present(ours) else 'only the program'}: {each.describe()}"
        for each in differences(ours, genuine)
    ]
    return "\n".join((f"{found} (recorded is the program's)", *features))


def installed(plays: str) -> Program:
    """The program that a profile is compared with; skips where it is not here, fails where only another
    version is.
    """
    identity = stands_for(plays, PROGRAMS)
    name = plays.rpartition("-")[0]
    found = [each for each in PROGRAMS if each == identity or (identity is None and each.startswith(name))]
    for each in found:
        missing = PROGRAMS[each].missing
        if missing is not None:
            pytest.skip(missing)
    assert identity is not None, f"the profile is of {plays}, and here is {found}: look what it sends"
    return PROGRAMS[identity]


def first_hello(program: Program) -> bytes:
    """The records of the first hello that a program sends."""
    with scripted_server(*[sends(b"")] * MOST_CONNECTIONS) as server:
        visit(program, Destination("127.0.0.1", server.port, SUBJECT), deadline_seconds=SECONDS)
    hellos = [each for each in server.hellos if each]
    assert hellos, "the program sent no hello"
    return hellos[0]


OTHERS = {"java-17"}
"""Profiles that are compared with another update of their program, for what they take of a server: its hello
is another. `tests.clients.test_against_genuine_clients` has the hello of the right one.
"""


@pytest.mark.long(but=["curl-7.88.1", "java-17*", "openssl-1.0.*", "node-26", "go-1.27"])
@pytest.mark.parametrize("client", PLAYED)
def test_a_program_sends_what_its_profile_sends(client: str) -> None:
    found = drift(first_hello(installed(PLAYED[client])), PROFILES[client].attempts[0].template)
    assert (found != "") if client in OTHERS else (found == ""), found


def test_a_drift_is_told() -> None:
    template = PROFILES["go-1.27"].attempts[0].template
    sent = fill_hello(template, SUBJECT, os.urandom).wire
    assert drift(sent, template) == ""
    suites = (*template.cipher_suites[:-1], 0x002F)
    told = drift(sent, replace(template, cipher_suites=suites))
    assert "at byte 102, cipher_suites[12]: recorded 13 03" in told
    assert "only the profile: " in told
    assert "TLS_RSA_WITH_AES_128_CBC_SHA" in told
    assert "TLS_CHACHA20_POLY1305_SHA256" in told
