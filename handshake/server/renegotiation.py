"""A hello's signals of RFC 5746, and whether a hello inside a connection is answered: rules, as configured.

Measured on SunJSSE 6 and 7 (research note on JSSE, section 5), on JDK 17 and OpenSSL 3.0 (research note on
servers, sections 2 and 5).
"""

from handshake.errors import Fault, PeerFault
from handshake.renegotiation import FinishedPair, Renegotiation
from handshake.server.configuration import ServerConfiguration
from handshake.server.lenient_hello import LenientClientHello, renegotiated_connection
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
    if not configuration.renegotiation_info:
        return False
    info, has_scsv = _signals(hello)
    if info:
        raise PeerFault(Fault.RENEGOTIATION_INFO, "renegotiation_info of a first handshake is not empty")
    if info is None and not has_scsv and not configuration.renegotiation.legacy_hello:
        raise PeerFault(Fault.RENEGOTIATION_SIGNAL, "the hello does not signal RFC 5746, which is required")
    return info is not None or has_scsv


def is_refused_outright(
    previous: FinishedPair, configuration: ServerConfiguration, *, is_requested: bool
) -> bool:
    """Whether a hello inside a connection is refused whatever it says; `is_requested`: it was asked for."""
    rules = configuration.renegotiation
    if rules.allowed is Renegotiation.OFF or not (rules.client_initiated or is_requested):
        return True
    return not rules.signals_first and not rules.allowed.allows(is_secure=previous.is_secure)


def check_renegotiation(
    hello: ClientHello, previous: FinishedPair, configuration: ServerConfiguration, *, is_requested: bool
) -> bool:
    """Check what a hello inside a connection signals (RFC 5746 section 3.7); return whether the answer has
    renegotiation_info.

    Raises PeerFault for a signal that is wrong, missing or out of place, and RefusedRenegotiation where it is
    in order but renegotiations of this kind are refused.
    """
    rules, is_secure = configuration.renegotiation, previous.is_secure
    if is_refused_outright(previous, configuration, is_requested=is_requested):
        raise RefusedRenegotiation
    if configuration.renegotiation_info:
        info, has_scsv = _signals(hello)
        if has_scsv and not rules.ignores_scsv:
            detail = "the signalling suite has no place in a renegotiation"
            raise PeerFault(Fault.RENEGOTIATION_SIGNAL, detail)
        if info is None:
            if is_secure and not rules.tolerates_missing_info:
                detail = "the renegotiation's hello has no renegotiation_info"
                raise PeerFault(Fault.RENEGOTIATION_SIGNAL, detail)
            is_secure = False
        elif not is_secure and not rules.takes_late_info:
            detail = "renegotiation_info, but not in the hello the connection began with"
            raise PeerFault(Fault.RENEGOTIATION_SIGNAL, detail)
        elif info != previous.client_verify_data:
            detail = "renegotiation_info does not repeat the client's Finished"
            raise PeerFault(Fault.RENEGOTIATION_INFO, detail)
        else:
            is_secure = True
    if not rules.allowed.allows(is_secure=previous.is_secure):
        raise RefusedRenegotiation
    return is_secure


def _signals(hello: ClientHello) -> tuple[bytes | None, bool]:
    """The renegotiated_connection, None without the extension, and whether the signalling suite is there."""
    body = hello.extension(ExtensionType.RENEGOTIATION_INFO)
    pull = renegotiated_connection if isinstance(hello, LenientClientHello) else pull_renegotiation_info
    info = None if body is None else pull(body)
    return info, TLS_EMPTY_RENEGOTIATION_INFO_SCSV in hello.cipher_suites
