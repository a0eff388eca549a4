"""renegotiation_info, extended_master_secret and encrypt_then_mac that are not answered, answered unasked, or
malformed in a first handshake (RFC 5746, RFC 7627, RFC 7366).

What is agreed on is really done: a master secret is the extended one where the server says so.
"""

import dataclasses
from collections.abc import Callable

from msgspec import structs

from handshake.crypto.suite_parameters import CipherKind, is_completable, suite_parameters
from handshake.errors import HandshakeError
from handshake.server.choice import Agreement, Choice
from handshake.server.departures.departure import (
    UP_TO_TLS_1_2,
    Departure,
    Situation,
    may_refuse,
    must_refuse,
    silent,
)
from handshake.server.departures.rewriting import in_server_hello, with_body, with_extension
from handshake.server.selection import choose_cipher_suite
from handshake.wire.extensions import push_renegotiation_info
from handshake.wire.registry import AlertDescription, ExtensionType

_UNASKED = must_refuse("RFC 5246 section 7.4.1.4", AlertDescription.UNSUPPORTED_EXTENSION)
_DECODE = must_refuse("RFC 5246 section 7.2.2", AlertDescription.DECODE_ERROR)
_INFO, _SECRET, _MAC = (
    ExtensionType.RENEGOTIATION_INFO,
    ExtensionType.EXTENDED_MASTER_SECRET,
    ExtensionType.ENCRYPT_THEN_MAC,
)


def agrees(**values: bool) -> Callable[[Situation, Agreement], Agreement]:
    """Agree on something, or not, whatever was offered."""
    return lambda _, agreed: structs.replace(agreed, **values)


def block_cipher(situation: Situation, chosen: Choice) -> Choice:
    """Choose a suite with a block cipher, where one is offered."""
    suites = tuple(
        code
        for code in situation.configuration.cipher_suites
        if is_completable(code) and suite_parameters(code).cipher.kind is CipherKind.BLOCK
    )
    try:
        configuration = dataclasses.replace(situation.configuration, cipher_suites=suites)
        return choose_cipher_suite(situation.hello, chosen.version, configuration)
    except HandshakeError:
        return chosen


DEPARTURES = (
    Departure(
        "renegotiation-info-not-answered",
        "does not answer renegotiation_info",
        UP_TO_TLS_1_2,
        may_refuse("RFC 5746 section 3.4", AlertDescription.HANDSHAKE_FAILURE),
        agrees=agrees(renegotiation_info=False),
    ),
    Departure(
        "renegotiation-info-unasked",
        "answers renegotiation_info though the client has not signalled it",
        UP_TO_TLS_1_2,
        _UNASKED,
        hello="not extension:renegotiation_info and not cipher-suite:TLS_EMPTY_RENEGOTIATION_INFO_SCSV",
        agrees=agrees(renegotiation_info=True),
    ),
    Departure(
        "renegotiation-info-not-empty",
        "sends renegotiation_info with something in it in a first handshake",
        UP_TO_TLS_1_2,
        must_refuse("RFC 5746 section 3.4", AlertDescription.HANDSHAKE_FAILURE),
        rewrites=in_server_hello(with_extension(_INFO, push_renegotiation_info(bytes(12)))),
    ),
    Departure(
        "renegotiation-info-without-length",
        "sends renegotiation_info with an empty body",
        UP_TO_TLS_1_2,
        _DECODE,
        rewrites=in_server_hello(with_extension(_INFO)),
    ),
    Departure(
        "renegotiation-info-trailing-byte",
        "puts a byte behind the content of renegotiation_info",
        UP_TO_TLS_1_2,
        _DECODE,
        rewrites=in_server_hello(with_body(_INFO, lambda content: content + b"\x00")),
    ),
    Departure(
        "extended-master-secret-not-answered",
        "does not answer extended_master_secret",
        UP_TO_TLS_1_2,
        may_refuse("RFC 7627 section 5.2"),
        hello="extension:extended_master_secret",
        agrees=agrees(extended_master_secret=False),
    ),
    Departure(
        "extended-master-secret-unasked",
        "answers extended_master_secret, and uses it, though the client did not offer it",
        UP_TO_TLS_1_2,
        _UNASKED,
        hello="not extension:extended_master_secret",
        agrees=agrees(extended_master_secret=True),
    ),
    Departure(
        "extended-master-secret-not-empty",
        "answers extended_master_secret with a body that is not empty",
        UP_TO_TLS_1_2,
        silent("RFC 7627 section 5.1"),
        hello="extension:extended_master_secret",
        otherwise=_UNASKED,
        rewrites=in_server_hello(with_extension(_SECRET, b"\x00")),
    ),
    Departure(
        "encrypt-then-mac-not-answered",
        "does not answer encrypt_then_mac with a block cipher",
        UP_TO_TLS_1_2,
        may_refuse("RFC 7366 section 3"),
        hello="extension:encrypt_then_mac",
        chooses=block_cipher,
        agrees=agrees(encrypt_then_mac=False),
    ),
    Departure(
        "encrypt-then-mac-unasked",
        "answers encrypt_then_mac, and uses it, though the client did not offer it",
        UP_TO_TLS_1_2,
        _UNASKED,
        hello="not extension:encrypt_then_mac",
        chooses=block_cipher,
        agrees=agrees(encrypt_then_mac=True),
    ),
    Departure(
        "encrypt-then-mac-without-a-block-cipher",
        "answers encrypt_then_mac with a suite that has nothing to do with it",
        (UP_TO_TLS_1_2[-1],),
        silent("RFC 7366 section 3"),
        hello="extension:encrypt_then_mac",
        otherwise=_UNASKED,
        agrees=agrees(encrypt_then_mac=True),
    ),
    Departure(
        "encrypt-then-mac-not-empty",
        "answers encrypt_then_mac with a body that is not empty",
        UP_TO_TLS_1_2,
        silent("RFC 7366 section 2"),
        hello="extension:encrypt_then_mac",
        otherwise=_UNASKED,
        chooses=block_cipher,
        rewrites=in_server_hello(with_extension(_MAC, b"\x00")),
    ),
)
