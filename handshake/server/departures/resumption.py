"""What a resumed handshake has otherwise than the session it takes up."""

from msgspec.structs import replace

from handshake.errors import HandshakeError
from handshake.server.choice import Choice
from handshake.server.departures.departure import (
    TLS_1_3,
    UP_TO_TLS_1_2,
    Demand,
    Departure,
    Scenario,
    Situation,
    must_refuse,
    silent,
)
from handshake.server.departures.rewriting import (
    Rewrite,
    in_server_hello,
    server_hello,
    with_extension,
    without_extension,
)
from handshake.server.departures.signalling import agrees
from handshake.server.selection import choose_cipher_suite
from handshake.wire.extensions import push_selected_identity
from handshake.wire.registry import AlertDescription, ExtensionType, ProtocolVersion

_SAME = silent("RFC 5246 section 7.4.1.3")
_PSK = must_refuse("RFC 8446 section 4.2.11", AlertDescription.ILLEGAL_PARAMETER)


def _chosen_anew(situation: Situation, chosen: Choice, version: int, *without: int) -> Choice:
    """Another choice of what is offered; without a group, since nothing is exchanged."""
    suites = tuple(code for code in situation.hello.cipher_suites if code not in without)
    try:
        hello = replace(situation.hello, cipher_suites=suites)
        return replace(choose_cipher_suite(hello, version, situation.configuration), named_group=None)
    except HandshakeError:
        return chosen


def _another_suite(situation: Situation, chosen: Choice) -> Choice:
    return _chosen_anew(situation, chosen, chosen.version, chosen.suite.cipher_suite)


def _lower_version(situation: Situation, chosen: Choice) -> Choice:
    """The version below, with the session's suite where that version has it."""
    lower = max(ProtocolVersion.TLS_1_0, chosen.version - 1)
    if chosen.suite.minimum_version <= lower:
        return replace(chosen, version=lower)
    return _chosen_anew(situation, chosen, lower)


def _old(name: str, title: str, demand: Demand, rewrites: Rewrite) -> Departure:
    return Departure(name, title, UP_TO_TLS_1_2, demand, Scenario.RESUMPTION, rewrites=rewrites)


def _modern(name: str, title: str, demand: Demand, rewrites: Rewrite) -> Departure:
    return Departure(name, title, TLS_1_3, demand, Scenario.RESUMPTION, rewrites=rewrites)


DEPARTURES = (
    Departure(
        "resumed-with-another-cipher-suite",
        "resumes a session with another cipher suite",
        UP_TO_TLS_1_2,
        _SAME,
        Scenario.RESUMPTION,
        chooses=_another_suite,
    ),
    Departure(
        "resumed-with-a-lower-version",
        "resumes a session in a lower version",
        UP_TO_TLS_1_2[1:],
        _SAME,
        Scenario.RESUMPTION,
        chooses=_lower_version,
    ),
    Departure(
        "extended-master-secret-lost-in-resumption",
        "does not answer extended_master_secret in a resumption of a session that has it",
        UP_TO_TLS_1_2,
        must_refuse("RFC 7627 section 5.3"),
        Scenario.RESUMPTION,
        hello="extension:extended_master_secret",
        agrees=agrees(extended_master_secret=False),
    ),
    Departure(
        "extended-master-secret-gained-in-resumption",
        "answers extended_master_secret in a resumption of a session without it",
        UP_TO_TLS_1_2,
        must_refuse("RFC 7627 section 5.3"),
        Scenario.RESUMPTION,
        hello="not extension:extended_master_secret",
        agrees=agrees(extended_master_secret=True),
    ),
    Departure(
        "renegotiation-info-lost-in-resumption",
        "does not answer renegotiation_info in a resumption",
        UP_TO_TLS_1_2,
        silent("RFC 5746 section 3.4"),
        Scenario.RESUMPTION,
        agrees=agrees(renegotiation_info=False),
    ),
    _old(
        "resumed-with-another-session-id",
        "sends a session id in a resumption that the client did not offer",
        silent("RFC 5246 section 7.4.1.3, RFC 5077 section 3.4"),
        server_hello(lambda _, hello: replace(hello, session_id=b"\x5a" * 32)),
    ),
    _old(
        "resumed-without-session-id",
        "sends no session id in a resumption",
        silent("RFC 5246 section 7.4.1.3, RFC 5077 section 3.4"),
        server_hello(lambda _, hello: replace(hello, session_id=b"")),
    ),
    _old(
        "resumed-with-compression",
        "names DEFLATE as the compression method of a resumption",
        _SAME,
        server_hello(lambda _, hello: replace(hello, compression_method=1)),
    ),
    _modern(
        "pre-shared-key-index-1",
        "takes up the second pre-shared key where one was offered",
        _PSK,
        in_server_hello(with_extension(ExtensionType.PRE_SHARED_KEY, push_selected_identity(1))),
    ),
    _modern(
        "pre-shared-key-index-65535",
        "takes up a pre-shared key that cannot have been offered",
        _PSK,
        in_server_hello(with_extension(ExtensionType.PRE_SHARED_KEY, push_selected_identity(0xFFFF))),
    ),
    _modern(
        "pre-shared-key-index-of-one-byte",
        "writes the index of the pre-shared key in one byte",
        must_refuse("RFC 8446 section 6.2", AlertDescription.DECODE_ERROR),
        in_server_hello(with_extension(ExtensionType.PRE_SHARED_KEY, b"\x00")),
    ),
    _modern(
        "pre-shared-key-with-another-hash",
        "resumes a session with a cipher suite of another hash",
        _PSK,
        server_hello(
            lambda _, hello: replace(hello, cipher_suite=0x1302 if hello.cipher_suite != 0x1302 else 0x1301)
        ),
    ),
    _modern(
        "pre-shared-key-without-key-share",
        "resumes a session without the key_share that psk_dhe_ke asks for",
        _PSK,
        in_server_hello(without_extension(ExtensionType.KEY_SHARE)),
    ),
)
