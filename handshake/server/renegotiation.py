"""A hello's signals of RFC 5746, and whether a hello inside a connection is answered: rules, as configured.

Measured on SunJSSE 6 and 7 (research note on JSSE, section 5), on JDK 17 and OpenSSL 3.0 (research note on
servers, sections 2 and 5).
"""

from handshake.errors import Fault, PeerFault
from handshake.renegotiation import FinishedPair, Renegotiation
from handshake.server.configuration import ServerConfiguration
from handshake.server.reading import LenientClientHello, renegotiated_connection
from handshake.wire.cipher_suites import TLS_EMPTY_RENEGOTIATION_INFO_SCSV
from handshake.wire.client_hello import ClientHello
from handshake.wire.extensions import pull_renegotiation_info
from handshake.wire.registry import ExtensionType


class RefusedRenegotiation(Exception):
    """The server does not renegotiate; how it says so is in its configuration."""


def check_first_hello(hello: ClientHello, configuration: ServerConfiguration) -> bool:
    """Return whether a first hello signals RFC 5746 (section 3.6) to a server that knows it.

    Raises PeerFault for a renegotiation_info that is not empty, and for a hello without the signal where that
    is not accepted.
    """
    if not configuration.answers_renegotiation_info:
        return False
    info, has_scsv = _signals(hello)
    if info:
        raise PeerFault(Fault.RENEGOTIATION_INFO, "renegotiation_info of a first handshake is not empty")
    if info is None and not has_scsv and not configuration.renegotiation.legacy_hello:
        raise PeerFault(Fault.RENEGOTIATION_SIGNAL, "the hello does not signal RFC 5746, which is required")
    return info is not None or has_scsv


def check_renegotiation(
    hello: ClientHello, previous: FinishedPair, configuration: ServerConfiguration, *, is_requested: bool
) -> None:
    """Let a hello inside a connection pass, or raise RefusedRenegotiation or PeerFault.

    The checks are those of RFC 5746 section 3.7; `is_requested`: the server has asked for the hello.
    """
    rules = configuration.renegotiation
    if rules.allowed is Renegotiation.OFF or not (rules.client_initiated or is_requested):
        raise RefusedRenegotiation
    if rules.signals_first:
        _check_signals(hello, previous, configuration)
    if not rules.allowed.allows(is_secure=previous.is_secure):
        raise RefusedRenegotiation
    _check_signals(hello, previous, configuration)


def _check_signals(hello: ClientHello, previous: FinishedPair, configuration: ServerConfiguration) -> None:
    if not configuration.answers_renegotiation_info:
        return
    info, has_scsv = _signals(hello)
    rules = configuration.renegotiation
    if has_scsv and (previous.is_secure or not rules.ignores_scsv):
        raise PeerFault(Fault.RENEGOTIATION_SIGNAL, "the signalling suite has no place in a renegotiation")
    if not previous.is_secure and info is not None:
        raise PeerFault(
            Fault.RENEGOTIATION_SIGNAL, "renegotiation_info, but not in the hello the connection began with"
        )
    if previous.is_secure and info is None and not rules.tolerates_missing_info:
        raise PeerFault(Fault.RENEGOTIATION_SIGNAL, "the renegotiation's hello has no renegotiation_info")
    if previous.is_secure and info is not None and info != previous.client_info:
        raise PeerFault(Fault.RENEGOTIATION_INFO, "renegotiation_info does not repeat the client's Finished")


def _signals(hello: ClientHello) -> tuple[bytes | None, bool]:
    """The renegotiated_connection, None without the extension, and whether the signalling suite is there."""
    body = hello.extension(ExtensionType.RENEGOTIATION_INFO)
    pull = renegotiated_connection if isinstance(hello, LenientClientHello) else pull_renegotiation_info
    info = None if body is None else pull(body)
    return info, TLS_EMPTY_RENEGOTIATION_INFO_SCSV in hello.cipher_suites
