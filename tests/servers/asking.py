"""Asking a server with the project's own engine: which versions and cipher suites it accepts, and whose order
decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from clients.destination import Destination
from clients.exchange import Exchange, Visit
from clients.observation import Attempt
from clients.player import PlayedHello, Player
from handshake.crypto.suite_parameters import suite_parameters
from handshake.errors import UnsupportedParameter
from handshake.hello_template import ExtensionTemplate, Fill, HelloTemplate
from handshake.wire.cipher_suites import CIPHER_SUITES, TLS_EMPTY_RENEGOTIATION_INFO_SCSV, cipher_suite_name
from handshake.wire.registry import ExtensionType, ProtocolVersion
from servers.credentials import SUBJECT
from servers.processes.start import RunningServer

DEADLINE = 5.0


def extension(kind: ExtensionType, body: str, fill: Fill | None = None) -> ExtensionTemplate:
    return ExtensionTemplate(kind, bytes.fromhex(body), fill)


# Without finite-field groups, so that a server has to take a prime of its own.
SINCE_TLS_1_0 = (
    extension(ExtensionType.EC_POINT_FORMATS, "0100"),
    extension(ExtensionType.SUPPORTED_GROUPS, "000a 001d 0017 001e 0019 0018"),
)
SIGNATURE_ALGORITHMS = extension(
    ExtensionType.SIGNATURE_ALGORITHMS,
    "0024 0403 0503 0603 0807 0808 0809 080a 080b 0804 0805 0806 0401 0501 0601 0203 0201 0202 0402",
)
TLS_1_3 = (
    extension(ExtensionType.SUPPORTED_VERSIONS, "02 0304"),
    extension(ExtensionType.PSK_KEY_EXCHANGE_MODES, "0101"),
    extension(ExtensionType.KEY_SHARE, "0024 001d 0020" + 32 * "00", Fill.KEY_SHARE),
)


def hello(version: int, cipher_suites: Sequence[int]) -> HelloTemplate:
    """A hello that offers one version and those cipher suites."""
    extensions: tuple[ExtensionTemplate, ...] | None = None
    if version > ProtocolVersion.SSL_3_0:
        extensions = SINCE_TLS_1_0
    if version >= ProtocolVersion.TLS_1_2:
        extensions = (*SINCE_TLS_1_0, SIGNATURE_ALGORITHMS)
    if version >= ProtocolVersion.TLS_1_3:
        extensions = (*SINCE_TLS_1_0, SIGNATURE_ALGORITHMS, *TLS_1_3)
    else:
        cipher_suites = (*cipher_suites, TLS_EMPTY_RENEGOTIATION_INFO_SCSV)
    return HelloTemplate(
        client_version=min(version, ProtocolVersion.TLS_1_2),
        cipher_suites=tuple(cipher_suites),
        record_version=min(version, ProtocolVersion.TLS_1_0),
        extensions=extensions,
    )


def ask(server: RunningServer, version: int, cipher_suites: Sequence[int]) -> Attempt:
    """One handshake that offers one version and those cipher suites."""
    player = Player((PlayedHello(hello(version, cipher_suites)),))
    visit = Visit(Destination(server.host, server.port, SUBJECT), DEADLINE, b"")
    return Exchange(player, player.hellos[0].template, visit).run()


def suites_of(version: int) -> list[int]:
    """Every cipher suite that the engine can complete in the version."""
    usable = []
    for code in CIPHER_SUITES:
        try:
            parameters = suite_parameters(code)
        except UnsupportedParameter:
            continue
        if parameters.minimum_version <= version <= parameters.maximum_version:
            usable.append(code)
    return usable


@dataclass(frozen=True)
class Accepted:
    """What a server takes in one version: in the order it took them when all that were left were offered; the
    primes of Diffie-Hellman; how it refuses a hello with none of them; whether it was the server's order.
    """

    cipher_suites: tuple[int, ...]
    dh_prime_bits: frozenset[int]
    refusal: str
    is_servers_order: bool | None


def accepted(server: RunningServer, version: int, but: tuple[str, ...] = ()) -> Accepted:
    """Offer everything (but suites whose names begin with `but`), then everything but what the server took,
    until it takes nothing more.
    """
    left = [code for code in suites_of(version) if not cipher_suite_name(code).startswith(but)]
    taken: list[int] = []
    primes: set[int] = set()
    while (seen := ask(server, version, left)).negotiated is not None:
        left.remove(seen.negotiated.cipher_suite)
        taken.append(seen.negotiated.cipher_suite)
        if seen.negotiated.dh_prime_bits is not None:
            primes.add(seen.negotiated.dh_prime_bits)
    order = None
    if len(taken) > 1:
        # What it took first, offered last.
        again = ask(server, version, taken[::-1]).negotiated
        order = again is not None and again.cipher_suite == taken[0]
    return Accepted(tuple(taken), frozenset(primes), str(seen.failure), order)
