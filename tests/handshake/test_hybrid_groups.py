"""The hybrid groups with OpenSSL 4.0.3 on the other side, and with this engine on both; a retry too."""

import pytest

from handshake.events import HandshakeCompleted, Negotiated
from handshake.hello_template import HelloTemplate
from handshake.wire.registry import NamedGroup, ProtocolVersion, group_name
from tests.handshake.modern import CHROMIUM_156, OPENSSL_4, X25519, groups, replaced, shares
from tests.handshake.peers import OpenSSLPeer, Ours, client, exchange, openssl_context, server

TLS_1_3 = ProtocolVersion.TLS_1_3
SUITE = 0x1301
LENGTHS = {
    NamedGroup.X25519MLKEM768: 1216,
    NamedGroup.SECP256R1MLKEM768: 1249,
    NamedGroup.SECP384R1MLKEM1024: 1665,
    NamedGroup.MLKEM768: 1184,
    NamedGroup.MLKEM1024: 1568,
}


def openssl_server() -> OpenSSLPeer:
    return OpenSSLPeer(openssl_context(TLS_1_3, "TLS_AES_128_GCM_SHA256", ("rsa",)), "server")


def negotiated(ours: Ours) -> list[Negotiated]:
    return [event.negotiated for event in ours.events if isinstance(event, HandshakeCompleted)]


def sent_hellos(ours: Ours) -> int:
    return sum(
        entry.direction == "sent" and entry.name == "ClientHello" for entry in ours.connection.transcript
    )


@pytest.mark.parametrize(
    ("template", "group"),
    [
        pytest.param(OPENSSL_4, NamedGroup.X25519MLKEM768, id="openssl-4.0.3"),
        pytest.param(CHROMIUM_156, NamedGroup.X25519MLKEM768, id="chromium-156"),
        pytest.param(
            replaced(OPENSSL_4, groups(0x11EB), shares((0x11EB, 1249))),
            NamedGroup.SECP256R1MLKEM768,
            id="with P-256",
        ),
    ],
)
def test_openssl_as_a_server_chooses_it(template: HelloTemplate, group: int) -> None:
    ours = Ours(client(template))
    exchange(ours, openssl_server())
    assert negotiated(ours) == [Negotiated(TLS_1_3, SUITE, named_group=group)]
    assert sent_hellos(ours) == 1


@pytest.mark.parametrize("group", [NamedGroup.X25519MLKEM768, NamedGroup.SECP256R1MLKEM768], ids=group_name)
def test_openssl_as_a_server_asks_for_it(group: int) -> None:
    ours = Ours(client(replaced(OPENSSL_4, groups(0xFE32, group), shares((0xFE32, 40)))))
    exchange(ours, openssl_server())
    assert negotiated(ours) == [Negotiated(TLS_1_3, SUITE, named_group=group)]
    assert sent_hellos(ours) == 2


@pytest.mark.parametrize(
    ("group", "is_retried"), [(NamedGroup.X25519MLKEM768, False), (NamedGroup.SECP256R1MLKEM768, True)]
)
def test_openssl_as_a_client_takes_our_answer(group: int, is_retried: bool) -> None:
    """OpenSSL 4.0.3 sends a share of the first and names the second."""
    ours = Ours(server(TLS_1_3, SUITE, named_groups=(group,)))
    exchange(
        OpenSSLPeer(openssl_context(TLS_1_3, "TLS_AES_128_GCM_SHA256", ()), "client"),
        ours,
    )
    (agreed,) = negotiated(ours)
    assert agreed.named_group == group
    hellos = [entry for entry in ours.connection.transcript if entry.name == "ClientHello"]
    assert len(hellos) == 1 + is_retried


@pytest.mark.parametrize("group", LENGTHS, ids=group_name)
@pytest.mark.parametrize("by_retry", [False, True], ids=["first hello", "by a retry"])
def test_this_engine_on_both_sides(group: int, by_retry: bool) -> None:
    sent = shares((X25519, 32)) if by_retry else shares((group, LENGTHS[NamedGroup(group)]))
    ours = Ours(client(replaced(OPENSSL_4, groups(group, X25519), sent)))
    exchange(ours, Ours(server(TLS_1_3, SUITE, named_groups=(group,))))
    assert negotiated(ours) == [Negotiated(TLS_1_3, SUITE, named_group=group)]
    assert sent_hellos(ours) == 1 + by_retry


def test_a_server_of_tls_1_2_does_not_choose_it() -> None:
    """A hybrid group is for TLS 1.3 alone, whatever the server has."""
    hello = replaced(OPENSSL_4, groups(NamedGroup.X25519MLKEM768, X25519))
    ours = Ours(client(hello))
    suite = 0xC02F
    both = (NamedGroup.X25519MLKEM768, NamedGroup.X25519)
    exchange(ours, Ours(server(ProtocolVersion.TLS_1_2, suite, named_groups=both, renegotiation_info=True)))
    assert negotiated(ours)[0].named_group == X25519
