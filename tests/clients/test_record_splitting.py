"""Each profile's record splitting, as it goes over the wire in TLS 1.0 with a CBC suite."""

import pytest

from clients.profile import load_profiles
from handshake.client.connection import ClientConnection
from handshake.wire.registry import ProtocolVersion
from matrix.prediction import offered_versions
from tests.handshake.peers import REQUEST, Ours, pump, server

PROFILES = load_profiles()
AES128_SHA, AES256_SHA, TRIPLE_DES_SHA = 0x002F, 0x0035, 0x000A
SUITES = {AES128_SHA, AES256_SHA, TRIPLE_DES_SHA}
WRITES = {
    "none": [len(REQUEST), len(REQUEST)],
    "0/n": [0, len(REQUEST), 0, len(REQUEST)],
    "1/n-1": [1, len(REQUEST) - 1, 1, len(REQUEST) - 1],
    "1/n-1-not-first": [len(REQUEST), 1, len(REQUEST) - 1],
}
TLS_1_0_CLIENTS = [
    client
    for client, profile in PROFILES.items()
    if not profile.limits.versions or ProtocolVersion.TLS_1_0 in profile.limits.versions
    if ProtocolVersion.TLS_1_0 in offered_versions(profile.attempts[0].template)
    if SUITES & set(profile.attempts[0].template.cipher_suites)
]


@pytest.mark.parametrize("client", TLS_1_0_CLIENTS)
def test_two_requests_are_split_as_the_profile_says(client: str) -> None:
    profile = PROFILES[client]
    connection = ClientConnection(
        profile.attempts[0].template,
        server_name=None,
        limits=profile.client_limits,
        policy=profile.client_policy,
        entropy=bytes,
    )
    connection.start(0.0)
    ours = Ours(connection)
    theirs = Ours(server(ProtocolVersion.TLS_1_0, AES128_SHA, AES256_SHA, TRIPLE_DES_SHA))
    pump(ours, theirs)
    assert ours.is_connected, ours.events
    for _ in range(2):
        ours.send(REQUEST)
        pump(ours, theirs)
    lengths = [
        len(entry.decrypted)
        for entry in connection.transcript
        if (entry.direction, entry.name) == ("sent", "application_data")
    ]
    assert lengths == WRITES[profile.policy.record_splitting]
    assert bytes(theirs.received) == REQUEST * 2


def test_every_way_of_splitting_is_played_by_somebody() -> None:
    assert {PROFILES[client].policy.record_splitting for client in TLS_1_0_CLIENTS} == WRITES.keys()
