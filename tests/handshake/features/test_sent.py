"""Changed hellos before a genuine server: OpenSSL completes the handshake with every one that it can.

So a hello that fails somewhere after one feature was taken away, or added, fails for that feature and not
because the change had broken it.
"""

import pytest
from cryptography.x509 import load_der_x509_certificate
from msgspec.structs import replace
from OpenSSL import SSL

from handshake.features import Feature, features_of, flight_of, parse_feature
from handshake.hello_template import HelloTemplate
from tests.handshake.features.test_profiles import ALL_HELLOS, FEATURES, tried
from tests.handshake.peers import (
    OpenSSLPeer,
    Ours,
    TlslitePeer,
    client,
    credentials,
    exchange,
    openssl_context,
    server,
    template,
)
from tests.handshake.test_against_tlslite import settings

CLIENTS = ("chrome-101/1", "gnutls-3.7/1", "java-8/1", "openssl-1.0.1/1")
NOT_IN_OPENSSL_4 = {  # neither this format nor this version is left in it
    "sslv2-format": "wrong version number",
    "client-version:SSLv3": "version too low",
    "version-from:TLSv1.0": "version too low",
}
REFUSED = {
    # RFC 7507 section 3: whoever sends it tries again at a lower version than the server has.
    "TLS_FALLBACK_SCSV": "inappropriate fallback",
    # RSA alone, and the server prefers ECDSA suites.
    "body:signature_algorithms_cert:001c": "no suitable signature algorithm",
}
"""What a server refuses with reason, by a part of the feature's name."""
NOT_IN_OURS = {"lists:supported_groups:curveSM2MLKEM768": "tlsv1 alert internal error"}
"""In TLS 1.3 OpenSSL 4 asks for a share of it, which this engine cannot compute: `unsupported`."""
SUMS = tuple(
    map(
        parse_feature,
        (
            "record-count:2..",
            "record-count:7",
            "record-length:100..110",
            "first-record-length:4",
            "segment-count:3",
            "hello-length:1000..",
            "hello-length:10 mod 256",
            "cipher-suite-count:100..",
            "extension-count:20..",
            "session-id-length:7",
            "extension:0x7777",
            "body-like:0x7777:u8[u8+]",
            "extension-not-last:supported_groups",
            "grease",
            "not non-empty-extension",
            "not extension-block",
            "not ec-cipher-suite",
            "not extension:key_share and not extension:server_name",
        ),
    )
)


def context() -> SSL.Context:
    """A server with every version and suite that OpenSSL still has."""
    made = openssl_context(0x0301, "ALL:COMPLEMENTOFALL", ("rsa",))
    made.set_max_proto_version(0)
    ecdsa = credentials()["ecdsa"]
    made.use_certificate(load_der_x509_certificate(ecdsa.chain[0]))
    made.use_privatekey(ecdsa.private_key)
    return made


def outcome(hello: HelloTemplate, served: SSL.Context) -> str:
    """ "works", or the reason OpenSSL gives."""
    theirs = OpenSSLPeer(served, "server")
    try:
        exchange(Ours(client(hello)), theirs)
    except SSL.Error as error:
        return str(error.args[0][0][2])
    return "works"


def is_refused(name: str, ended: str) -> bool:
    """Whether the server has a reason of its own."""
    return any(part in name and ended == reason for part, reason in REFUSED.items())


@pytest.mark.long(but=["removed-*"])
@pytest.mark.parametrize("client_name", CLIENTS)
@pytest.mark.parametrize("is_addition", [True, False], ids=["added", "removed"])
def test_a_changed_hello_still_gets_through(client_name: str, is_addition: bool) -> None:
    hello, served = ALL_HELLOS[client_name], context()
    features: list[Feature] = [*FEATURES, *SUMS] if is_addition else features_of(hello)
    tries = 0
    for feature in features:
        changed = tried(feature.with_ if is_addition else feature.without, hello)
        if isinstance(changed, str) or changed == hello:
            continue
        tries += 1
        ended = outcome(changed, served)
        if ended != NOT_IN_OURS.get(feature.name) and not is_refused(feature.name, ended):
            assert ended == NOT_IN_OPENSSL_4.get(feature.name, "works"), feature
    assert tries > 50


def test_a_hello_that_is_broken_on_purpose_does_not() -> None:
    """The control: what the RFCs forbid is refused by the same server."""
    hello, served = ALL_HELLOS["chrome-101/1"], context()
    for name in ("session-id-over-32", "no-compression-methods", "repeated-extension:key_share"):
        assert outcome(parse_feature(name).with_(hello), served) != "works"


@pytest.mark.parametrize("records", [(1,), (3,), (4,), (5, 1), (50, 0, 50)])
def test_a_hello_is_cut_into_records_as_its_template_says(records: tuple[int, ...]) -> None:
    hello = replace(template(0x0301, 0x002F), records=records)
    ours, theirs = Ours(client(hello)), Ours(server(0x0301, 0x002F))
    sent = ours.give()
    lengths, position = [], 0
    while position < len(sent):
        lengths.append(int.from_bytes(sent[position + 3 : position + 5], "big"))
        position += 5 + lengths[-1]
    flight = flight_of(hello)
    assert lengths == [record.length for record in flight.records]
    assert lengths[:-1] == [size for size in records if size]
    assert sum(lengths) == flight.length
    theirs.take(sent)
    exchange(ours, theirs)
    tlslite = TlslitePeer("server", settings(0x0301), "rsa")
    exchange(Ours(client(hello)), tlslite)
