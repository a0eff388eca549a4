"""A server of TLS 1.2 signs with schemes that it knows and the client lists, or not at all.

A hello without signature_algorithms lists SHA-1 with each kind of key (RFC 5246 section 7.4.1.4.1); what
becomes of it where the server does not know SHA-1 is held against OpenSSL's s_server.
"""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path

import pytest
from msgspec.structs import replace

from handshake.events import AlertReceived, HandshakeCompleted
from handshake.hello_template import ExtensionTemplate, HelloTemplate
from handshake.wire.extensions import push_signature_algorithms
from handshake.wire.registry import (
    AlertDescription,
    AlertLevel,
    ExtensionType,
    ProtocolVersion,
    SignatureScheme,
)
from tests.handshake.peers import Ours, client, credentials, pump, server, template

TLS_1_2 = ProtocolVersion.TLS_1_2
S = SignatureScheme
SCHEMES = (
    S.RSA_PKCS1_SHA1,
    S.RSA_PKCS1_SHA256,
    S.RSA_PSS_RSAE_SHA256,
    S.DSA_SHA1,
    S.DSA_SHA256,
    S.ECDSA_SHA1,
    S.ECDSA_SECP256R1_SHA256,
)
SUITES = {
    "ECDHE-RSA-AES128-SHA": 0xC013,
    "DHE-RSA-AES128-SHA": 0x0033,
    "AES128-SHA": 0x002F,
    "DHE-DSS-AES128-SHA": 0x0032,
    "ECDHE-ECDSA-AES128-SHA": 0xC009,
    "ADH-AES128-SHA": 0x0034,
}
DEFAULTS = {0xC013: S.RSA_PKCS1_SHA1, 0x0033: S.RSA_PKCS1_SHA1, 0x0032: S.DSA_SHA1, 0xC009: S.ECDSA_SHA1}
DEFAULTS[0x002F] = S.RSA_PKCS1_SHA1
UNSIGNED = (0x002F, 0x0034)
KNOWN = [subset for size in range(1, len(SCHEMES) + 1) for subset in combinations(SCHEMES, size)]
HANDSHAKE_FAILURE = AlertReceived(AlertLevel.FATAL, AlertDescription.HANDSHAKE_FAILURE)


def hello(suites: tuple[int, ...], listed: tuple[int, ...] | None) -> HelloTemplate:
    """A hello with that list of schemes, or without the extension."""
    plain = template(TLS_1_2, *suites)
    others = tuple(
        e for e in plain.extensions or () if e.extension_type != ExtensionType.SIGNATURE_ALGORITHMS
    )
    if listed is not None:
        body = push_signature_algorithms(listed)
        others += (ExtensionTemplate(ExtensionType.SIGNATURE_ALGORITHMS, body),)
    return replace(plain, extensions=others)


def meet(suites: tuple[int, ...], listed: tuple[int, ...] | None, known: tuple[int, ...] | None) -> Ours:
    ours = Ours(client(hello(suites, listed)))
    pump(ours, Ours(server(TLS_1_2, *SUITES.values(), signature_schemes=known)))
    return ours


def signed_with(ours: Ours) -> int | None:
    """The scheme in the ServerKeyExchange that came; None where nothing was signed."""
    messages = [e.wire for e in ours.connection.transcript if e.name == "ServerKeyExchange"]
    if not messages or ours.connection.handshake.suite.certificate_type is None:
        return None
    body = messages[0][4:]
    if body[0] == 3:  # named_curve: type, group, point
        start = 4 + body[3]
    else:
        start = 0
        for _ in ("p", "g", "public"):
            start += 2 + int.from_bytes(body[start : start + 2], "big")
    return int.from_bytes(body[start : start + 2], "big")


@pytest.mark.parametrize("suite", SUITES)
def test_nothing_is_signed_outside_the_server_s_own_list(suite: str) -> None:
    """Every list a server may have, against a hello that lists nothing, and one that lists everything."""
    code = SUITES[suite]
    for known in KNOWN:
        for listed in (None, SCHEMES):
            ours = meet((code,), listed, known)
            scheme = signed_with(ours)
            assert scheme is None or scheme in known, (known, listed)
            assert ours.is_connected or HANDSHAKE_FAILURE in ours.events, (known, listed)
            if listed is None:
                default = DEFAULTS.get(code)
                assert ours.is_connected is (default is None or default in known), known
                assert scheme == (None if code in UNSIGNED or not ours.is_connected else default)
            elif code in UNSIGNED:
                assert ours.is_connected


def test_the_client_s_order_counts_among_what_both_have() -> None:
    listed = (S.DSA_SHA256, S.RSA_PSS_RSAE_SHA256, S.RSA_PKCS1_SHA1, S.RSA_PKCS1_SHA256)
    for known, scheme in (
        (None, S.RSA_PSS_RSAE_SHA256),
        ((S.RSA_PKCS1_SHA256, S.RSA_PKCS1_SHA1), S.RSA_PKCS1_SHA1),
        ((S.RSA_PKCS1_SHA256,), S.RSA_PKCS1_SHA256),
    ):
        assert signed_with(meet((0xC013,), listed, known)) == scheme


def test_another_suite_is_taken_whose_key_can_sign() -> None:
    known = (S.RSA_PKCS1_SHA256, S.ECDSA_SHA1)
    ours = meet(tuple(SUITES.values()), None, known)
    assert signed_with(ours) == S.ECDSA_SHA1
    assert ours.is_connected


def test_before_tls_1_2_there_are_no_schemes() -> None:
    """The negative control: MD5 and SHA-1 together, whatever the server's list has."""
    ours = Ours(client(template(ProtocolVersion.TLS_1_1, 0xC013)))
    pump(ours, Ours(server(ProtocolVersion.TLS_1_1, 0xC013, signature_schemes=(S.RSA_PKCS1_SHA256,))))
    assert ours.is_connected


OPENSSL_NAMES = {
    S.RSA_PKCS1_SHA1: "RSA+SHA1",
    S.RSA_PKCS1_SHA256: "RSA+SHA256",
    S.DSA_SHA1: "DSA+SHA1",
    S.ECDSA_SHA1: "ECDSA+SHA1",
    S.ECDSA_SECP256R1_SHA256: "ECDSA+SHA256",
}


@contextmanager
def s_server(directory: Path, known: tuple[SignatureScheme, ...]) -> Iterator[int]:
    """OpenSSL's own server with these schemes and a key of each kind it takes at once; gives its port."""
    program = shutil.which("openssl")
    assert program is not None, "apt install openssl"
    command = [program, "s_server", "-accept", "127.0.0.1:0", "-cipher", "ALL:@SECLEVEL=0", "-tls1_2"]
    command += ["-sigalgs", ":".join(OPENSSL_NAMES[each] for each in known)]
    for kind, prefix in (("rsa", ""), ("ecdsa", "d")):
        pem = credentials()[kind].to_pem()
        file = directory / f"{kind}.pem"
        file.touch(mode=0o600)
        file.write_text(pem.private_key + pem.chain)
        command += [f"-{prefix}cert", str(file), f"-{prefix}key", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            line = next(line for line in process.stdout if line.startswith("ACCEPT"))
            yield int(line.rpartition(":")[2])
        finally:
            process.kill()


def ask(port: int, suite: int) -> Ours:
    """Our client with a hello that lists no schemes, until it is connected or refused."""
    ours = Ours(client(hello((suite,), None)))
    with socket.create_connection(("127.0.0.1", port), timeout=5) as plain:
        while not (ours.is_connected or ours.connection.is_ended):
            plain.sendall(ours.give())
            ours.take(plain.recv(65_536))
    return ours


@pytest.mark.parametrize(
    "known",
    [
        (S.RSA_PKCS1_SHA256,),
        (S.RSA_PKCS1_SHA1,),
        (S.RSA_PKCS1_SHA256, S.ECDSA_SHA1),
        (S.ECDSA_SECP256R1_SHA256, S.RSA_PKCS1_SHA1),
        (S.ECDSA_SECP256R1_SHA256,),
        tuple(OPENSSL_NAMES),
    ],
    ids=lambda known: "+".join(each.name for each in known),
)
def test_as_openssl_does(known: tuple[SignatureScheme, ...], tmp_path: Path) -> None:
    with s_server(tmp_path, known) as port:
        for name, suite in SUITES.items():
            if "DSS" in name:  # s_server has two keys at most
                continue
            theirs, ours = ask(port, suite), meet((suite,), None, known)
            assert (HANDSHAKE_FAILURE in theirs.events) is (HANDSHAKE_FAILURE in ours.events), name
            completed = [isinstance(each, HandshakeCompleted) for each in theirs.events]
            assert any(completed) is ours.is_connected, name
            assert signed_with(theirs) == signed_with(ours), name
